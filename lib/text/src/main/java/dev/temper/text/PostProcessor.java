package dev.temper.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Special tokens that a tokenizer adds to a text.
 *
 * @param before in front of the text
 * @param after behind it
 */
record PostProcessor(List<String> before, List<String> after) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Parses {@code post_processor} of tokenizer.json; empty for a kind that transformers' own tokenizers do not use.
     */
    static Optional<PostProcessor> of(JsonNode node) {
        return switch (node.path("type").asText("")) {
            case "", "ByteLevel" -> Optional.of(new PostProcessor(List.of(), List.of()));
            case "RobertaProcessing", "BertProcessing" -> Optional.of(new PostProcessor(
                    List.of(node.path("cls").path(0).asText()),
                    List.of(node.path("sep").path(0).asText())));
            case "TemplateProcessing" -> Optional.of(ofTemplate(node.path("single")));
            case "Sequence" -> ofSequence(node.path("processors"));
            default -> Optional.empty();
        };
    }

    private static Optional<PostProcessor> ofSequence(JsonNode processors) {
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        for (JsonNode processor : processors) {
            Optional<PostProcessor> one = of(processor);
            if (one.isEmpty()) {
                return one;
            }
            before.addAll(0, one.get().before);
            after.addAll(one.get().after);
        }
        return Optional.of(new PostProcessor(before, after));
    }

    private static PostProcessor ofTemplate(JsonNode single) {
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        List<String> side = before;
        for (JsonNode piece : single) {
            if (piece.has("Sequence")) {
                side = after;
            } else {
                side.add(piece.path("SpecialToken").path("id").asText());
            }
        }
        return new PostProcessor(before, after);
    }

    /** The form in tokenizer.json. */
    ObjectNode toJson(ToIntFunction<String> ids) {
        ObjectNode node = JSON.createObjectNode().put("type", "TemplateProcessing");
        ArrayNode single = node.putArray("single");
        addTo(single, "A", 0);
        addTo(node.putArray("pair").addAll(single.deepCopy()), "B", 1);
        ObjectNode tokens = node.putObject("special_tokens");
        for (List<String> side : List.of(before, after)) {
            for (String token : side) {
                ObjectNode entry = tokens.putObject(token).put("id", token);
                entry.putArray("ids").add(ids.applyAsInt(token));
                entry.putArray("tokens").add(token);
            }
        }
        return node;
    }

    private void addTo(ArrayNode pieces, String sequence, int type) {
        before.forEach(token -> piece(pieces, "SpecialToken", token, type));
        piece(pieces, "Sequence", sequence, type);
        after.forEach(token -> piece(pieces, "SpecialToken", token, type));
    }

    private static void piece(ArrayNode pieces, String kind, String id, int type) {
        pieces.addObject().putObject(kind).put("id", id).put("type_id", type);
    }
}
