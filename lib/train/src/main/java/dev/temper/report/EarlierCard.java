package dev.temper.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Parses a model card that Temper wrote, so that the card of a derived model, such as a merged one, can repeat its
 * contents.
 */
final class EarlierCard {
    private static final YAMLMapper YAML = new YAMLMapper();
    /** The cells of a table row; a bar within a cell is escaped. */
    private static final Pattern CELL = Pattern.compile("(?<=\\| )((?:\\\\.|[^|\\\\])*?) (?=\\|)");

    private static final Pattern SYSTEM =
            Pattern.compile("(?m)^messages = \\[\\{\"role\": \"system\", \"content\": (\"(?:[^\"\\\\]|\\\\.)*\")");

    private final JsonNode front;
    private final String page;

    private EarlierCard(JsonNode front, String page) {
        this.front = front;
        this.page = page;
    }

    /** The parsed card; empty for a text that Temper did not write. */
    static Optional<ModelCard> read(String markdown) {
        int end = markdown.indexOf("\n---\n", 3);
        if (!markdown.startsWith("---\n") || end < 0) {
            return Optional.empty();
        }
        try {
            JsonNode front = YAML.readTree(markdown.substring(4, end + 1));
            boolean isOurs = texts(front.path("tags")).contains(ModelCard.TAG);
            return isOurs ? Optional.of(new EarlierCard(front, markdown.substring(end + 5)).card()) : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private ModelCard card() throws JsonProcessingException {
        Map<String, String> license = new LinkedHashMap<>();
        Stream.of("license", "license_name", "license_link")
                .filter(front::has)
                .forEach(key -> license.put(key, front.path(key).asText()));
        List<String> tags = new ArrayList<>(texts(front.path("tags")));
        tags.remove(ModelCard.TAG);
        boolean isChat = tags.remove(Usage.CHAT_TAG);
        JsonNode result = front.at("/model-index/0/results/0");
        Map<String, Double> scores = new LinkedHashMap<>();
        result.path("metrics")
                .forEach(metric -> scores.put(
                        metric.path("name").asText(), metric.path("value").asDouble()));
        Map<String, String> training = pairs(ModelCard.TRAINED);
        Matcher system = SYSTEM.matcher(page);
        if (system.find()) { // unescaped, with its line breaks
            training.put(
                    ModelCard.SYSTEM_MESSAGE, YAML.readTree(system.group(1)).asText());
        }
        return new ModelCard(
                page.lines()
                        .filter(line -> line.startsWith("# "))
                        .findFirst()
                        .map(line -> Markdown.unescaped(line.substring(2)))
                        .orElse(""),
                front.path("library_name").asText().equals("peft") ? ModelCard.Kind.ADAPTER : ModelCard.Kind.MODEL,
                new Usage(
                        front.path("pipeline_tag").asText(),
                        isChat ? List.of(Usage.CHAT_TAG) : List.of(),
                        code("python"),
                        code("sh")),
                Optional.ofNullable(front.path("base_model").textValue()),
                tags,
                result.at("/dataset/name").asText(),
                scores,
                tables(),
                training,
                pairs(ModelCard.SETTINGS),
                new ModelCard.Hub(license, texts(front.path("datasets"))));
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private Map<String, String> pairs(String heading) {
        Map<String, String> pairs = new LinkedHashMap<>();
        rows(heading).stream().skip(1).forEach(row -> pairs.put(row.get(0), row.get(row.size() - 1)));
        return pairs;
    }

    /** The block of code in a language. */
    private String code(String language) {
        return page.lines()
                .dropWhile(line -> !line.equals("```" + language))
                .skip(1)
                .takeWhile(line -> !line.equals("```"))
                .collect(Collectors.joining("\n"));
    }

    /** Those that are no names with values. */
    private List<ResultTable> tables() {
        return page.lines()
                .takeWhile(line -> !line.equals(ModelCard.USAGE))
                .filter(line -> line.startsWith("## ") && !line.equals(ModelCard.TRAINED))
                .filter(line -> !line.startsWith(ModelCard.RESULTS))
                .map(this::table)
                .toList();
    }

    private ResultTable table(String heading) {
        List<List<String>> rows = rows(heading);
        return ResultTable.shown(
                Markdown.unescaped(heading.substring(3)),
                rows.stream().findFirst().orElse(List.of()),
                rows.stream().skip(1).<List<?>>map(row -> row).toList());
    }

    /** The rows of the table below a heading, the names of its columns first; none without it. */
    private List<List<String>> rows(String heading) {
        List<String> lines = page.lines()
                .dropWhile(line -> !line.equals(heading))
                .skip(2)
                .takeWhile(line -> line.startsWith("| ") || line.startsWith("|-"))
                .toList();
        return IntStream.range(0, lines.size())
                .filter(i -> i != 1) // the line below the names
                .mapToObj(i -> cells(lines.get(i)))
                .filter(cells -> !cells.isEmpty())
                .toList();
    }

    private static List<String> cells(String row) {
        return CELL.matcher(row)
                .results()
                .map(cell -> Markdown.unescaped(cell.group(1)))
                .toList();
    }
}
