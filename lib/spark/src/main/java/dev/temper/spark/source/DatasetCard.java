package dev.temper.spark.source;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.temper.check.Printable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configurations in the front matter of a data set's README.md, which list the files of each split.
 *
 * @param location of the folder, for messages
 * @param config the one to use: the only one, {@code default}, or the one with {@code default: true}
 */
record DatasetCard(String location, JsonNode config) {
    static final String NAME = "README.md";

    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern FRONT_MATTER = Pattern.compile("\\A---\\R(.*?\\R)?---(?:\\R|\\z)", Pattern.DOTALL);

    /** Empty if the README.md has no configs. */
    static Optional<DatasetCard> of(String location, String readme) {
        Matcher matter = FRONT_MATTER.matcher(readme);
        if (!matter.find() || matter.group(1) == null) {
            return Optional.empty();
        }
        JsonNode configs;
        try {
            configs = YAML.readTree(matter.group(1)).path("configs");
        } catch (JsonProcessingException e) {
            boolean hasConfigs =
                    Pattern.compile("(?m)^configs:").matcher(matter.group(1)).find();
            check(
                    !hasConfigs,
                    "data: the configs in README.md of %s are no YAML: %s",
                    location,
                    Printable.parserMessage(e.getOriginalMessage()));
            return Optional.empty();
        }
        return configs.isEmpty() ? Optional.empty() : Optional.of(new DatasetCard(location, chosen(location, configs)));
    }

    private static JsonNode chosen(String location, JsonNode configs) {
        List<String> names = new ArrayList<>();
        List<JsonNode> defaults = new ArrayList<>();
        for (JsonNode config : configs) {
            String name = config.path("config_name").asText();
            names.add(name);
            if (configs.size() == 1
                    || name.equals("default")
                    || config.path("default").asBoolean()) {
                defaults.add(config);
            }
        }
        check(
                defaults.size() == 1,
                "data: README.md of %s has the configurations %s and %s: name the folder or the files of one",
                location,
                String.join(", ", names),
                defaults.isEmpty() ? "none is the default" : "more than one default");
        return defaults.get(0);
    }

    /**
     * The file names of each split; empty if no file belongs to a split.
     *
     * @param names of all files in the folder and below
     */
    Map<String, List<String>> splits(Collection<String> names) {
        String folder =
                config.path("data_dir").asText("").replaceAll("^\\./", "").replaceAll("/+$", "");
        String prefix = folder.isEmpty() ? "" : folder + "/";
        JsonNode files = config.path("data_files");
        Map<String, List<String>> splits = new TreeMap<>();
        if (files.isMissingNode() || files.isNull()) {
            List<String> below =
                    names.stream().filter(name -> name.startsWith(prefix)).toList();
            SplitNames.of(below.stream()
                            .map(name -> name.substring(prefix.length()))
                            .toList())
                    .forEach((split, found) -> splits.put(
                            split, found.stream().map(name -> prefix + name).toList()));
            return splits.isEmpty() && !prefix.isEmpty() ? Map.of(SplitNames.TRAIN, below) : splits;
        }
        patterns(files).forEach((split, patterns) -> {
            List<String> found = matching(prefix, patterns, names);
            if (!found.isEmpty()) { // if only part of the data set is present, its splits are used
                splits.put(split, found);
            }
        });
        check(
                !splits.isEmpty(),
                "data: README.md of %s names the files %s, and none is there: name the files to read",
                location,
                files);
        return splits;
    }

    private Map<String, List<String>> patterns(JsonNode files) {
        Map<String, List<String>> patterns = new TreeMap<>();
        for (JsonNode file : files.isArray() ? files : List.of(files)) {
            JsonNode paths = file.isTextual() ? file : file.path("path");
            String split =
                    file.isTextual() ? SplitNames.TRAIN : file.path("split").asText();
            check(
                    !split.isEmpty() && (paths.isTextual() || paths.isArray()),
                    "data: data_files in README.md of %s must be patterns, or a list of split and path, not %s",
                    location,
                    file);
            List<String> all = patterns.computeIfAbsent(split, absent -> new ArrayList<>());
            for (JsonNode path : paths.isArray() ? paths : List.of(paths)) {
                all.add(path.asText());
            }
        }
        return patterns;
    }

    private List<String> matching(String prefix, List<String> patterns, Collection<String> names) {
        TreeSet<String> matching = new TreeSet<>();
        for (String pattern : patterns) {
            if (pattern.matches("[a-z0-9]+:.*|/.*|\\.\\./.*")) {
                throw invalid(
                        "data: README.md of %s names files elsewhere, %s: name the files of this folder to read",
                        location, pattern);
            }
            Glob glob = Glob.of(prefix + pattern.replaceAll("^\\./", ""));
            names.stream().filter(glob::matches).forEach(matching::add);
        }
        return List.copyOf(matching);
    }
}
