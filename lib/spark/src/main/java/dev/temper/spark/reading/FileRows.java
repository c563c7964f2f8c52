package dev.temper.spark.reading;

import java.io.Closeable;
import java.util.Iterator;
import java.util.List;

/**
 * The rows of one file or slice, in order. Throws {@link dev.temper.check.InvalidInputException} at the first place
 * that is malformed.
 */
interface FileRows extends Iterator<ReadRow>, Closeable {
    /** The columns seen so far. */
    List<String> columns();
}
