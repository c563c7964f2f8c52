package dev.temper.spark.source;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.spark.source.FileChoice.LeftOut;
import dev.temper.spark.storage.FileTree;
import dev.temper.spark.storage.FileTree.Found;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Nearby;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The files of one location: a single file; all files of one kind in a folder and below; or all files that a
 * {@link Glob} matches.
 *
 * <p>If file names or the folder's README.md define splits ({@link SplitNames}, {@link DatasetCard}), one split is
 * selected: train for training; validation, or otherwise test, for evaluation. A file that is named explicitly is
 * always read.
 *
 * @param leftOut files of the location that are skipped
 */
public record SourceFiles(String location, FileKind kind, List<SourceFile> files, List<LeftOut> leftOut) {
    /**
     * One file.
     *
     * @param source its name in rows and messages: the location as the user wrote it, and the path below it
     * @param rowsBefore number of rows in preceding files of the same source
     * @param sha256 of the source's whole content, if known; empty: computed from the file's bytes
     */
    public record SourceFile(String source, String location, long bytes, long rowsBefore, String sha256)
            implements Serializable {
        public SourceFile(String source, String location, long bytes) {
            this(source, location, bytes, 0, "");
        }

        Compression compression() {
            return Compression.of(location);
        }
    }

    /** What rows are used for. */
    public enum Use {
        TRAIN("data.train", SplitNames.TRAIN),
        EVAL("data.eval", SplitNames.VALIDATION, SplitNames.TEST);

        private final String key;

        @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
        private final List<String> splits;

        Use(String key, String... splits) {
            this.key = key;
            this.splits = List.of(splits);
        }

        /**
         * The split for this use, by its exact name, or by the only name that contains it as a word, such as
         * {@code train_sft}.
         */
        private Optional<String> chosen(Collection<String> names) {
            for (String split : splits) {
                if (names.contains(split)) {
                    return Optional.of(split);
                }
            }
            for (String split : splits) {
                List<String> like = names.stream()
                        .filter(name -> SplitNames.in(name).contains(split))
                        .toList();
                if (like.size() == 1) {
                    return Optional.of(like.get(0));
                }
            }
            return Optional.empty();
        }
    }

    public static SourceFiles find(HadoopStore store, String location, Use use) throws IOException {
        Optional<Store.Entry> entry = find(store, location);
        if (entry.isPresent() && !entry.get().isFolder()) {
            FileKind kind = FileKind.of(entry.get().name()).orElseThrow(() -> UnreadFile.refusal(location));
            check(entry.get().bytes() > 0, "data: %s is empty", location);
            SourceFile file = new SourceFile(
                    location, HadoopStore.resolve(location), entry.get().bytes());
            return new SourceFiles(location, kind, List.of(file), List.of());
        }
        check(
                entry.isPresent() || Glob.isIn(location),
                "%s: %s does not exist%s; name a file or folder that does",
                use.key,
                location,
                entry.isPresent() || Glob.isIn(location) ? "" : Nearby.hint(store, location));
        return entry.isPresent() ? ofFolder(store, location, use) : ofPattern(store, location, use);
    }

    private static SourceFiles ofFolder(HadoopStore store, String folder, Use use) throws IOException {
        Choice choice = new Choice(folder, folder.endsWith("/") ? folder : folder + "/", use);
        List<Found> files = choice.readable(
                FileTree.walk(store, HadoopStore.resolve(folder)).files());
        List<String> names = files.stream().map(Found::name).toList();
        Optional<DatasetCard> card = card(store, folder);
        Map<String, List<String>> splits = card.isPresent() ? card.get().splits(names) : SplitNames.of(names);
        return choice.of(store, choice.ofSplit(files, splits));
    }

    // If a pattern names splits itself, as {train,test}, all matching files are read.
    private static SourceFiles ofPattern(HadoopStore store, String pattern, Use use) throws IOException {
        Glob glob = Glob.of(pattern);
        String folder = glob.folder();
        Choice choice = new Choice(pattern, folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/", use);
        List<Found> matching = FileTree.walk(store, HadoopStore.resolve(folder)).files().stream()
                .filter(file -> glob.matches(choice.prefix() + file.name()))
                .toList();
        List<Found> files = choice.readable(matching);
        boolean isSpelled =
                !SplitNames.in(pattern.substring(choice.prefix().length())).isEmpty();
        Map<String, List<String>> splits = isSpelled
                ? Map.of()
                : SplitNames.of(files.stream().map(Found::name).toList());
        return choice.of(store, choice.ofSplit(files, splits));
    }

    private static Optional<Store.Entry> find(HadoopStore store, String location) throws IOException {
        try {
            return store.find(HadoopStore.resolve(location));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a pattern need not be a valid path
        }
    }

    private static Optional<DatasetCard> card(HadoopStore store, String folder) throws IOException {
        String readme = HadoopStore.resolve(folder).replaceAll("/+$", "") + "/" + DatasetCard.NAME;
        if (store.find(readme).isEmpty()) {
            return Optional.empty();
        }
        return DatasetCard.of(folder, UntrustedFile.text(store, readme));
    }

    /**
     * Selects among the files of a location.
     *
     * @param prefix of their names, as the recipe writes it
     */
    private record Choice(String location, String prefix, Use use, List<LeftOut> leftOut) {
        Choice(String location, String prefix, Use use) {
            this(location, prefix, use, new ArrayList<>());
        }

        /** Those files that have a supported format. */
        List<Found> readable(List<Found> all) {
            List<Found> files = new ArrayList<>();
            for (Found file : all) {
                Optional<String> trouble = UnreadFile.reason(file);
                if (trouble.isPresent()) {
                    leaveOut(file.name(), trouble.get());
                } else if (!UnreadFile.isAboutData(file.lastName())) {
                    files.add(file);
                }
            }
            check(
                    !files.isEmpty(),
                    "data: %s has %s in it%s",
                    location,
                    UnreadFile.NO_DATA,
                    UnreadFile.advice(location, all));
            check(files.stream().anyMatch(file -> file.bytes() > 0), "data: %s is empty", location);
            files.removeIf(file -> file.bytes() == 0 && leaveOut(file.name(), "empty"));
            return files;
        }

        /** Those files that belong to the selected split, if there are splits. */
        List<Found> ofSplit(List<Found> files, Map<String, List<String>> splits) {
            Set<String> assigned =
                    splits.values().stream().flatMap(List::stream).collect(Collectors.toSet());
            List<String> others = files.stream()
                    .map(Found::name)
                    .filter(name -> !assigned.contains(name))
                    .toList();
            if (splits.isEmpty() || (splits.size() == 1 && others.isEmpty())) {
                return files; // nothing to select
            }
            String chosen = use.chosen(splits.keySet()).orElseThrow(() -> unclear(splits.keySet(), others));
            Set<String> read = new HashSet<>(splits.get(chosen));
            Map<String, String> splitOf = new HashMap<>();
            splits.forEach((split, names) -> names.forEach(name -> splitOf.put(name, "split " + split)));
            files.stream()
                    .map(Found::name)
                    .filter(name -> !read.contains(name))
                    .forEach(name -> leaveOut(name, splitOf.getOrDefault(name, "of no split, and there are splits")));
            return files.stream().filter(file -> read.contains(file.name())).toList();
        }

        private RuntimeException unclear(Collection<String> splits, List<String> others) {
            return others.isEmpty()
                    ? invalid(
                            "%s: %s has the splits %s, none of them for this: name the files to read",
                            use.key, location, String.join(", ", splits))
                    : invalid(
                            "%s: %s has files of the splits %s and others, such as %s: name the files, as in %s",
                            use.key,
                            location,
                            String.join(", ", splits),
                            prefix + others.get(0),
                            "folder/train-*.parquet");
        }

        /** Each file once, even if several links lead to it. */
        SourceFiles of(HadoopStore store, List<Found> files) throws IOException {
            Map<Path, Found> seen = new HashMap<>();
            List<SourceFile> distinct = new ArrayList<>();
            for (Found file : files) {
                Optional<Path> real = store.realPath(file.location());
                Found other = real.isEmpty() ? null : seen.putIfAbsent(real.get(), file);
                if (other == null) {
                    distinct.add(new SourceFile(prefix + file.name(), file.location(), file.bytes()));
                } else {
                    leaveOut(file.name(), "the same file as " + prefix + other.name());
                }
            }
            List<FileKind> kinds = distinct.stream()
                    .map(file -> FileKind.of(file.location()).orElseThrow())
                    .distinct()
                    .toList();
            check(kinds.size() == 1, "data: %s mixes kinds of files, %s: name one folder for each", location, kinds);
            leftOut.sort(Comparator.comparing(LeftOut::file));
            return new SourceFiles(location, kinds.get(0), List.copyOf(distinct), List.copyOf(leftOut));
        }

        private boolean leaveOut(String name, String reason) {
            return leftOut.add(new LeftOut(prefix + name, reason));
        }
    }
}
