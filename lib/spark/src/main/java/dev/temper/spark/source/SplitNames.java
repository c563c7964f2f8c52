package dev.temper.spark.source;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Determines the splits of files by their names, with the rules of the datasets library: {@code data/NAME-00000-of-
 * 00003.*}; otherwise a folder name that contains {@code train}, {@code test} or the like between characters that are
 * not letters; otherwise such a file name. If one of these rules finds a split, files that it does not match have none.
 * Unlike the library, upper and lower case are not distinguished.
 */
final class SplitNames {
    static final String TRAIN = "train";
    static final String VALIDATION = "validation";
    static final String TEST = "test";

    private static final Pattern SHARD = Pattern.compile("data/(\\w+(?:\\.\\w+)*)-\\d{5}-of-\\d{5}[^/]*\\.[^/]*");
    private static final Map<String, Pattern> KEYWORDS = Map.of(
            TRAIN, keywords("train|training"),
            VALIDATION, keywords("validation|valid|val|dev"),
            TEST, keywords("test|testing|eval|evaluation"));

    private SplitNames() {}

    /**
     * The file names of each split; empty if no name determines one. A name may be in two splits.
     *
     * @param names below the folder, whose own name does not count
     */
    static Map<String, List<String>> of(Collection<String> names) {
        Map<String, Set<String>> shards = new TreeMap<>();
        for (String name : names) {
            Matcher shard = SHARD.matcher(name);
            if (shard.matches()) {
                shards.computeIfAbsent(shard.group(1), split -> new TreeSet<>()).add(name);
            }
        }
        UnaryOperator<String> folders = name -> name.substring(0, name.lastIndexOf('/') + 1);
        UnaryOperator<String> file = name -> name.substring(name.lastIndexOf('/') + 1);
        return Stream.of(shards, byKeyword(names, folders), byKeyword(names, file))
                .filter(splits -> !splits.isEmpty())
                .findFirst()
                .map(SplitNames::copy)
                .orElse(Map.of());
    }

    /** The splits whose keywords occur in a text. */
    static List<String> in(String text) {
        return KEYWORDS.entrySet().stream()
                .filter(entry -> entry.getValue().matcher(text).find())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    private static Map<String, Set<String>> byKeyword(Collection<String> names, UnaryOperator<String> part) {
        Map<String, Set<String>> splits = new TreeMap<>();
        for (String name : names) {
            in(part.apply(name)).forEach(split -> splits.computeIfAbsent(split, absent -> new TreeSet<>())
                    .add(name));
        }
        return splits;
    }

    private static Map<String, List<String>> copy(Map<String, Set<String>> splits) {
        Map<String, List<String>> copy = new TreeMap<>();
        splits.forEach((split, names) -> copy.put(split, List.copyOf(names)));
        return copy;
    }

    private static Pattern keywords(String words) {
        return Pattern.compile("(?i)(?<!\\p{L})(?:" + words + ")(?!\\p{L})");
    }
}
