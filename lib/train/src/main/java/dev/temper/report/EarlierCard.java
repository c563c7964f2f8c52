package dev.temper.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.temper.eval.PerClass;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
        } catch (JsonProcessingException | NumberFormatException e) {
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
        boolean isChat = tags.remove(ModelCard.CHAT_TAG);
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
        String pipeline = front.path("pipeline_tag").asText();
        return new ModelCard(
                page.lines()
                        .filter(line -> line.startsWith("# "))
                        .findFirst()
                        .map(line -> Markdown.unescaped(line.substring(2)))
                        .orElse(""),
                front.path("library_name").asText().equals("peft") ? ModelCard.Kind.ADAPTER : ModelCard.Kind.MODEL,
                isChat
                        ? ModelCard.Task.CHAT
                        : pipeline.equals("text-classification")
                                ? ModelCard.Task.TEXT_CLASSIFICATION
                                : ModelCard.Task.TEXT_GENERATION,
                Optional.ofNullable(front.path("base_model").textValue()),
                rows(ModelCard.CLASSES).stream().map(row -> row.get(0)).toList(),
                tags,
                result.at("/dataset/name").asText(),
                scores,
                rows(ModelCard.CLASSES).stream().map(EarlierCard::perClass).toList(),
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
        rows(heading).forEach(row -> pairs.put(row.get(0), row.get(row.size() - 1)));
        return pairs;
    }

    /** The rows of the table below a heading; none without it. */
    private List<List<String>> rows(String heading) {
        return page.lines()
                .dropWhile(line -> !line.equals(heading))
                .skip(2)
                .takeWhile(line -> line.startsWith("| ") || line.startsWith("|-"))
                .skip(2) // names of the columns
                .map(EarlierCard::cells)
                .filter(cells -> !cells.isEmpty())
                .toList();
    }

    private static List<String> cells(String row) {
        return CELL.matcher(row)
                .results()
                .map(cell -> Markdown.unescaped(cell.group(1)))
                .toList();
    }

    private static PerClass perClass(List<String> row) {
        if (row.size() != Numbers.CLASS_HEADERS.size()) {
            throw new NumberFormatException("another table");
        }
        return new PerClass(
                row.get(0),
                Numbers.read(row.get(1)),
                Numbers.read(row.get(2)),
                Numbers.read(row.get(3)),
                Numbers.read(row.get(4)),
                Numbers.read(row.get(5)),
                (long) Numbers.read(row.get(6)));
    }
}
