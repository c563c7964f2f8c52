package dev.temper.spark.source;

import static dev.temper.check.Check.invalid;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.storage.FileTree.Found;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Explains why a file is not read as data. */
final class UnreadFile {
    static final String NO_DATA = "no .csv, .tsv, .jsonl, .json or .parquet file";

    private static final String ARROW =
            "an Arrow file is not read: write Parquet, as with datasets.Dataset.from_file('%s')"
                    + ".to_parquet('rows.parquet')";
    private static final String UNPACK = "this is not unpacked: unpack it, or compress with .gz, .bz2, .xz or .zst";
    /** Files with a data extension that Hugging Face's libraries write next to data. */
    private static final List<String> ABOUT_DATA =
            List.of("dataset_infos.json", "dataset_info.json", "state.json", "dataset_dict.json", "config.json");

    private UnreadFile() {}

    /** Whether the file describes the data and contains none. */
    static boolean isAboutData(String name) {
        return ABOUT_DATA.contains(name)
                || name.matches(
                        "(?i)(readme|license|licence|notice|citation|changelog)(\\..*)?|.*\\.(md|lock|crc|sha256)")
                || (name.startsWith("_") && FileKind.of(name).isEmpty());
    }

    /** Why a file that might be data is skipped; empty for other files. */
    static Optional<String> reason(Found file) {
        String name = file.lastName();
        if (isAboutData(name)) {
            return Optional.empty();
        }
        if (name.startsWith("_")) {
            return Optional.of("its name begins with _");
        }
        return FileKind.of(name).isPresent()
                ? Optional.empty()
                : Optional.of("not a kind that is read"
                        + ending(name).map(e -> ", ." + e).orElse(""));
    }

    /** The exception for a file that the user named. */
    static InvalidInputException refusal(String location) {
        return invalid(
                "data: %s is %s%s",
                location, NO_DATA, hint(location).map(hint -> ": " + hint).orElse(""));
    }

    /** Advice for a folder without data. */
    static String advice(String location, List<Found> files) {
        List<String> names = files.stream().map(Found::lastName).toList();
        Optional<Found> arrow = files.stream()
                .filter(file -> ending(file.name()).equals(Optional.of("arrow")))
                .findFirst();
        if (arrow.isPresent() && (names.contains("state.json") || names.contains("dataset_dict.json"))) {
            return ": datasets.save_to_disk wrote it, as Arrow files, which are not read: write Parquet, as with"
                    + " datasets.load_from_disk('%s')%s.to_parquet('train.parquet')"
                            .formatted(location, names.contains("dataset_dict.json") ? "['train']" : "");
        }
        return files.stream()
                .filter(file -> reason(file).isPresent())
                .findFirst()
                .map(file -> "; it has " + file.name()
                        + hint(file.location()).map(hint -> ": " + hint).orElse(""))
                .orElse("");
    }

    private static Optional<String> hint(String location) {
        String ending = ending(location).orElse("");
        return switch (ending) {
            case "arrow", "feather" -> Optional.of(ARROW.formatted(location));
            case "zip",
                    "tar",
                    "tgz",
                    "7z",
                    "rar",
                    "lz4",
                    "snappy",
                    "lzma",
                    "z",
                    "br",
                    "lzo",
                    "gz",
                    "bz2",
                    "xz",
                    "zst" -> Optional.of(UNPACK);
            case "xlsx", "xls", "ods" -> Optional.of("save the sheet as CSV in UTF-8");
            case "txt" -> Optional.of("write JSON lines, one {\"text\": …} a line");
            case "orc", "avro", "db", "sqlite", "pkl", "npy", "h5" -> Optional.of("write Parquet");
            default -> Optional.empty();
        };
    }

    private static Optional<String> ending(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        int dot = last.lastIndexOf('.');
        return dot < 0 ? Optional.empty() : Optional.of(last.substring(dot + 1).toLowerCase(Locale.ROOT));
    }
}
