package dev.temper.spark.limit;

import static dev.temper.check.Check.check;

import java.io.Reader;
import java.util.BitSet;

/**
 * Filters the characters of a CSV file: drops the contents of unread columns, and of a row that is too long everything
 * beyond what shows that it is. So a row never takes more memory than the limit, whatever the file contains.
 */
public final class LimitedCsv extends LimitedChars {
    private static final int MAX_CELLS = 100_000;
    private static final int MAX_NAMES = 1 << 20; // limit for the first row, before the columns are known
    private static final int MAX_LINES = 1 << 26; // limit for a cell with line ends

    private enum Place {
        BEGIN,
        PLAIN,
        QUOTED,
        /** After a quote within a quoted cell, which ends the cell unless it is doubled. */
        QUOTE
    }

    private final String source;
    private final char delimiter;
    private final int maxCharacters;
    private BitSet columns; // indexes of the columns that are read; null before they are known
    private Place place = Place.BEGIN;
    private int column;
    private long kept; // characters of this row that were passed on
    private boolean isFirst = true; // of the characters of a cell
    private long quoted; // characters of this cell, passed on or not
    private boolean hasLines;
    private long line = 1;
    private long rowLine = 1;
    private char last;

    /**
     * @param source name of the file, for messages
     * @param maxCharacters limit for a row
     */
    public LimitedCsv(Reader in, String source, char delimiter, int maxCharacters) {
        super(in);
        this.source = source;
        this.delimiter = delimiter;
        this.maxCharacters = maxCharacters;
    }

    /** Sets the columns to read, as soon as they are known. */
    public void readOnly(BitSet wanted) {
        columns = wanted;
    }

    @Override
    void next(char c) {
        boolean isLineEnd = c == '\n' || c == '\r';
        line += c == '\r' || (c == '\n' && last != '\r') ? 1 : 0;
        last = c;
        if (place == Place.QUOTED) {
            nextQuoted(c, isLineEnd);
            return;
        }
        if (place == Place.QUOTE) {
            place = c == '"' ? Place.QUOTED : Place.PLAIN;
            if (c == '"') {
                keepIfWanted('"', '"');
                return;
            }
            keep('"');
        }
        if (c == delimiter || isLineEnd) {
            endCell(isLineEnd);
            keep(c);
        } else if (c == '"' && place == Place.BEGIN) {
            place = Place.QUOTED;
            keep(c);
        } else {
            place = Place.PLAIN;
            keepIfWanted(c);
        }
    }

    // Line ends are passed on even in unread cells, so that line numbers in messages are right.
    private void nextQuoted(char c, boolean isLineEnd) {
        quoted++;
        hasLines |= isLineEnd;
        check(
                !hasLines || quoted <= MAX_LINES,
                "data: %s: the row that begins in line %d has more than %d characters over several lines: is a quote"
                        + " not closed?",
                source,
                rowLine,
                MAX_LINES);
        if (c == '"') {
            place = Place.QUOTE;
        } else if (isLineEnd) {
            keep(c);
        } else {
            keepIfWanted(c);
        }
    }

    private void endCell(boolean isLineEnd) {
        place = Place.BEGIN;
        isFirst = true;
        quoted = 0;
        hasLines = false;
        column++;
        check(
                column <= MAX_CELLS,
                "data: %s: the row that begins in line %d has more than %d cells: is data.delimiter right?",
                source,
                rowLine,
                MAX_CELLS);
        if (isLineEnd) {
            column = 0;
            kept = 0;
            rowLine = line;
        }
    }

    /** Passes on at least the first character of a cell: a row of one empty cell would look like a blank line. */
    private void keepIfWanted(char... characters) {
        boolean isWanted = columns == null || columns.get(column);
        kept += isWanted ? 1 : 0;
        check(
                columns != null || kept <= MAX_NAMES,
                "data: %s: its first line has more than %d characters: is it a CSV?",
                source,
                MAX_NAMES);
        if (isFirst || (isWanted && kept <= maxCharacters + 1L)) {
            for (char c : characters) {
                keep(c);
            }
        }
        isFirst = false;
    }

    @Override
    void end() {
        if (place == Place.QUOTE) {
            keep('"');
        }
    }
}
