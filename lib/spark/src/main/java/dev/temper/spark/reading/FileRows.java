package dev.temper.spark.reading;

import java.io.Closeable;
import java.util.Iterator;
import java.util.List;

/** The rows of one file or slice, in order. A file that cannot be read right ends with an InvalidInputException. */
interface FileRows extends Iterator<ReadRow>, Closeable {
    /** The columns seen so far. */
    List<String> columns();
}
