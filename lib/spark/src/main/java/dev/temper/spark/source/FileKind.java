package dev.temper.spark.source;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The format of a file, by its extension, which may be followed by that of a {@link Compression}. */
public enum FileKind {
    CSV("csv"),
    TSV("tsv"),
    JSON("jsonl", "json", "ndjson", "jsonlines"),
    /** Has compression of its own. */
    PARQUET("parquet", "pq", "parq");

    @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
    private final List<String> endings;

    FileKind(String... endings) {
        this.endings = List.of(endings);
    }

    static Optional<FileKind> of(String name) {
        Compression compression = Compression.of(name);
        String plain = compression.uncompressed(name);
        String ending = plain.substring(plain.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(kind -> plain.contains(".") && kind.endings.contains(ending))
                .filter(kind -> kind != PARQUET || compression == Compression.NONE)
                .findFirst();
    }
}
