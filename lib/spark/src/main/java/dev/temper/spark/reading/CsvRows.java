package dev.temper.spark.reading;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.spark.limit.LimitedCsv;
import dev.temper.spark.source.FileSlice;
import dev.temper.text.InputColumn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.QuoteMode;

/**
 * Reads the rows of a CSV file by RFC 4180: quoted cells may contain line ends, which are preserved; a row ends with
 * LF, CRLF or CR. An empty cell without quotes is null. Blank lines are skipped.
 */
final class CsvRows implements FileRows {
    private final int file;
    private final String source;
    private final CSVParser parser;
    private final Iterator<CSVRecord> records;
    private final List<String> names;
    private final int[] indexes; // of the columns to read; -1 for missing ones
    private CSVRecord next; // null after the last row
    private long number;

    private CsvRows(FileSlice slice, LimitedCsv reader, CSVParser parser, ReadTable table) {
        this.file = slice.file().index();
        this.source = slice.file().source();
        this.parser = parser;
        this.records = parser.iterator();
        if (!table.header()) {
            reader.readOnly(named(table)); // the first row may be as long as any other
        }
        this.next = read();
        this.names = next == null ? List.of() : table.header() ? named(next) : numbered(next.size());
        this.indexes = new int[table.columns().size()];
        if (next == null) {
            return;
        }
        verifyNames(table);
        BitSet wanted = new BitSet();
        for (int i = 0; i < indexes.length; i++) {
            InputColumn column = table.columns().get(i);
            table.verifyHas(source, column, names);
            indexes[i] = names.indexOf(column.name());
            if (indexes[i] >= 0) {
                wanted.set(indexes[i]);
            }
        }
        reader.readOnly(wanted);
        if (table.header()) {
            next = read();
        }
    }

    static CsvRows open(StrictReader reader, FileSlice slice, ReadTable table) throws IOException {
        String delimiter = table.delimiter(slice.file());
        CSVFormat format = CSVFormat.DEFAULT
                .builder()
                .setDelimiter(delimiter)
                .setNullString("")
                .setQuoteMode(QuoteMode.ALL_NON_NULL) // so that a quoted empty cell is not null
                .build();
        LimitedCsv limited = new LimitedCsv(reader, slice.file().source(), delimiter.charAt(0), table.maxCharacters());
        return new CsvRows(slice, limited, format.parse(limited), table);
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public ReadRow next() {
        number++;
        check(
                next.size() == names.size(),
                "data: row %d of %s (up to line %d) has %d cells and its first line %d: mend it or data.delimiter",
                number,
                source,
                parser.getCurrentLineNumber(),
                next.size(),
                names.size());
        String[] values = new String[indexes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = indexes[i] < 0 ? null : next.get(indexes[i]);
        }
        next = read();
        return new ReadRow(file, number, values, null, null);
    }

    @Override
    public List<String> columns() {
        return names;
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }

    private CSVRecord read() {
        long line = parser.getCurrentLineNumber() + 1;
        try {
            return records.hasNext() ? records.next() : null;
        } catch (UncheckedIOException e) {
            String message = String.valueOf(e.getCause().getMessage());
            if (message.contains("EOF reached")) {
                throw invalid("data: %s: a quote in the row that begins in line %d is never closed", source, line);
            }
            if (message.contains("invalid char between")) {
                throw invalid(
                        "data: %s: line %d has text after a closing quote: an earlier quote is not closed, or one in"
                                + " the cell is not doubled",
                        source, Math.max(parser.getCurrentLineNumber(), line));
            }
            throw e;
        }
    }

    private void verifyNames(ReadTable table) {
        for (InputColumn column : table.columns()) {
            String name = column.name();
            check(
                    names.indexOf(name) == names.lastIndexOf(name),
                    "data: %s has two columns %s: rename one; if its first row is data, set data.header to false",
                    source,
                    name);
        }
    }

    private static List<String> named(CSVRecord record) {
        return record.stream().map(name -> name == null ? "" : name).toList();
    }

    private static BitSet named(ReadTable table) {
        BitSet wanted = new BitSet();
        table.columns().stream()
                .map(InputColumn::name)
                .filter(name -> name.matches("_c\\d{1,6}"))
                .forEach(name -> wanted.set(Integer.parseInt(name.substring(2))));
        return wanted;
    }

    private static List<String> numbered(int count) {
        return IntStream.range(0, count).mapToObj(i -> "_c" + i).toList();
    }
}
