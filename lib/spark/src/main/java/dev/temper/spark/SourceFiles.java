package dev.temper.spark;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.storage.Store;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of one location: the file itself; all files of one kind in the folder and below; or all that a pattern
 * matches: {@code *} and {@code ?} within a name, <code>{a,b}</code>, {@code **} over folders.
 *
 * <p>Of a folder or pattern with files of several splits, as data sets on Hugging Face have them, only one is read:
 * train to train on; validation, or else test, to evaluate on. A file belongs to a split when its name, or that of a
 * folder it is in, begins with train, validation, valid, val, dev or test, and no letter follows.
 *
 * @param note which split was read, when there are several
 */
record SourceFiles(String location, Kind kind, List<SourceFile> files, Optional<String> note) {
    private static final String NO_DATA = "no .csv, .tsv, .jsonl, .json or .parquet file";
    private static final Pattern WILDCARD = Pattern.compile("[*?{]");
    private static final char ANY = '\0'; // in place of **
    private static final Pattern SPLIT = Pattern.compile("(?i)(?:^|/)(train|validation|valid|val|dev|test)(?![a-z])");
    private static final List<String> ABOUT_DATA = List.of("dataset_infos.json", "dataset_info.json", "state.json");

    /** @param source how rows name it: the location as the user wrote it, and the file's name below it */
    record SourceFile(String source, String location, long bytes) implements Serializable {
        boolean isZipped() {
            return location.endsWith(".gz");
        }
    }

    /** How a file is read, by the end of its name. */
    enum Kind {
        CSV("(?i).*\\.csv(\\.gz)?"),
        TSV("(?i).*\\.tsv(\\.gz)?"),
        JSON("(?i).*\\.(jsonl|json|ndjson)(\\.gz)?"),
        PARQUET("(?i).*\\.parquet");

        private final String names;

        Kind(String names) {
            this.names = names;
        }

        static Optional<Kind> of(String name) {
            return Arrays.stream(values())
                    .filter(kind -> name.matches(kind.names))
                    .findFirst();
        }
    }

    /** What rows are read for. */
    enum Use {
        TRAIN("data.train", "train", "train"),
        EVAL("data.eval", "validation", "test");

        private final String key;
        private final String split;
        private final String otherwise;

        Use(String key, String split, String otherwise) {
            this.key = key;
            this.split = split;
            this.otherwise = otherwise;
        }
    }

    static SourceFiles find(HadoopStore store, String location, Use use) throws IOException {
        Optional<Store.Entry> entry = find(store, location);
        if (entry.isPresent() && !entry.get().isFolder()) {
            String root = HadoopStore.resolve(location);
            check(Kind.of(entry.get().name()).isPresent(), "data: %s is %s", location, NO_DATA);
            check(entry.get().bytes() > 0, "data: %s is empty", location);
            return of(
                    location, List.of(new SourceFile(location, root, entry.get().bytes())), Optional.empty());
        }
        check(
                entry.isPresent() || WILDCARD.matcher(location).find(),
                "%s: %s does not exist; name a file or folder that does",
                use.key,
                location);
        String base = entry.isPresent() ? location : fixed(location);
        String prefix = base.isEmpty() || base.endsWith("/") ? base : base + "/";
        Pattern wanted = entry.isPresent() ? Pattern.compile(".*", Pattern.DOTALL) : pattern(location);
        List<SourceFile> files = new ArrayList<>();
        String root = HadoopStore.resolve(base);
        collect(store, root.endsWith("/") ? root : root + "/", prefix, files);
        files.removeIf(file -> !wanted.matcher(file.source()).matches());
        check(!files.isEmpty(), "data: %s has %s in it", location, NO_DATA);
        check(files.stream().anyMatch(file -> file.bytes() > 0), "data: %s is empty", location);
        files.removeIf(file -> file.bytes() == 0);
        return ofUse(location, files, use, prefix.length());
    }

    private static SourceFiles ofUse(String location, List<SourceFile> files, Use use, int prefix) {
        Map<String, List<SourceFile>> splits = files.stream()
                .collect(Collectors.groupingBy(
                        file -> split(file.source().substring(prefix)), TreeMap::new, Collectors.toList()));
        if (splits.size() < 2) {
            return of(location, files, Optional.empty());
        }
        check(
                !splits.containsKey(""),
                "%s: %s has files of the splits %s and others, such as %s: name the files, as in %s",
                use.key,
                location,
                String.join(", ", splits.keySet().stream().skip(1).toList()),
                splits.getOrDefault("", files).get(0).source(),
                "folder/train-*.parquet");
        String chosen = Stream.of(use.split, use.otherwise)
                .filter(splits::containsKey)
                .findFirst()
                .orElseThrow(() -> invalid(
                        "%s: %s has the splits %s, none of them for this: name the files to read",
                        use.key, location, String.join(", ", splits.keySet())));
        String note = "%s: %s has the splits %s; %s is read"
                .formatted(use.key, location, String.join(", ", splits.keySet()), chosen);
        return of(location, splits.get(chosen), Optional.of(note));
    }

    private static SourceFiles of(String location, List<SourceFile> files, Optional<String> note) {
        List<Kind> kinds = files.stream()
                .map(file -> Kind.of(file.location()).orElseThrow())
                .distinct()
                .toList();
        check(kinds.size() == 1, "data: %s mixes kinds of files, %s: name one folder for each", location, kinds);
        return new SourceFiles(location, kinds.get(0), List.copyOf(files), note);
    }

    private static Optional<Store.Entry> find(HadoopStore store, String location) throws IOException {
        try {
            return store.find(HadoopStore.resolve(location));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a pattern need not be a name
        }
    }

    // The name of the file counts before those of its folders: test/train.csv is for training.
    private static String split(String name) {
        String split = "";
        for (String part : name.split("/", -1)) {
            var matcher = SPLIT.matcher(part);
            split = matcher.find() ? matcher.group(1).toLowerCase(Locale.ROOT) : split;
        }
        return split.equals("valid") || split.equals("val") || split.equals("dev") ? "validation" : split;
    }

    /** The folders before the first part with a wildcard. */
    private static String fixed(String location) {
        var matcher = WILDCARD.matcher(location);
        String before = matcher.find() ? location.substring(0, matcher.start()) : location;
        int slash = before.lastIndexOf('/');
        return slash == 0 ? "/" : slash < 0 ? "" : before.substring(0, slash);
    }

    private static Pattern pattern(String location) {
        StringBuilder regex = new StringBuilder();
        int open = 0;
        for (char c : location.replace("**", String.valueOf(ANY)).toCharArray()) {
            switch (c) {
                case ANY -> regex.append(".*");
                case '*' -> regex.append("[^/]*");
                case '?' -> regex.append("[^/]");
                case '{' -> {
                    open++;
                    regex.append("(?:");
                }
                case '}' -> regex.append(open-- > 0 ? ")" : "\\}");
                case ',' -> regex.append(open > 0 ? "|" : ",");
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        check(open <= 0, "data: %s has a { without a }", location);
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    private static void collect(HadoopStore store, String folder, String source, List<SourceFile> files)
            throws IOException {
        for (Store.Entry entry : store.list(folder)) {
            String name = entry.name();
            if (name.startsWith("_") || name.startsWith(".") || ABOUT_DATA.contains(name)) {
                continue; // what Spark, Hugging Face and others write beside data
            }
            if (entry.isFolder()) {
                collect(store, folder + name + "/", source + name + "/", files);
            } else if (Kind.of(name).isPresent()) {
                files.add(new SourceFile(source + name, folder + name, entry.bytes()));
            }
        }
    }
}
