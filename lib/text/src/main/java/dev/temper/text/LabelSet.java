package dev.temper.text;

import static dev.temper.text.RejectedRowException.Reason.BAD_JSON;
import static dev.temper.text.RejectedRowException.Reason.UNKNOWN_LABEL;
import static dev.temper.text.RejectedRowException.Reason.WRONG_TYPE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which labels a row has: a list of them, a text with semicolons between them, or a text with such a list as JSON; each
 * by its name or its number. None of them is an empty list or text. Carried as a bit for each label.
 */
public final class LabelSet implements LabelFormat {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ClassLabel one = new ClassLabel();

    /** Whether a label is among those that words say. */
    public static boolean has(int[] words, int label) {
        return (words[label / Integer.SIZE] >>> label % Integer.SIZE & 1) == 1;
    }

    @Override
    public int[] read(String value, List<String> labels, String column) {
        int[] words = new int[words(labels)];
        for (String name : listed(column, value)) {
            int label = one.read(name, labels, column)[0];
            if (has(words, label)) {
                throw new RejectedRowException(
                        UNKNOWN_LABEL, "'%s' is twice in %s".formatted(labels.get(label), column));
            }
            words[label / Integer.SIZE] |= 1 << label % Integer.SIZE;
        }
        return words;
    }

    private static List<String> listed(String column, String value) {
        boolean isMarked = value.startsWith(InputColumn.NESTED);
        String text = isMarked ? value.substring(InputColumn.NESTED.length()) : value.strip();
        if (!isMarked && !text.startsWith("[")) {
            return text.isEmpty() ? List.of() : Arrays.asList(text.split(SEPARATOR, -1));
        }
        JsonNode list;
        try {
            list = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new RejectedRowException(BAD_JSON, column + " begins with [ and is no list in JSON");
        }
        List<String> values = new ArrayList<>();
        for (JsonNode element : list) {
            if (!element.isTextual() && !element.isIntegralNumber()) {
                throw new RejectedRowException(
                        WRONG_TYPE,
                        "%s holds %s, which is no name of a label and no number of one".formatted(column, element));
            }
            values.add(element.asText());
        }
        return values;
    }

    @Override
    public String text(int[] words, List<String> labels) {
        return IntStream.range(0, labels.size())
                .filter(label -> has(words, label))
                .mapToObj(labels::get)
                .collect(Collectors.joining(SEPARATOR));
    }

    @Override
    public String name() {
        return "labels";
    }

    @Override
    public String role() {
        return Role.LABELS;
    }

    @Override
    public int words(List<String> labels) {
        return (labels.size() + Integer.SIZE - 1) / Integer.SIZE;
    }

    @Override
    public void verify(List<String> labels) {
        Check.check(!labels.isEmpty(), "data.format multi_label needs the names of the labels as model.labels");
    }
}
