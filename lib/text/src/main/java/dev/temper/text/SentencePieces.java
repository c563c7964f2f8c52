package dev.temper.text;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A SentencePiece BPE model, as used by Llama and Gemma: pieces with their scores, by id. */
final class SentencePieces {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BYTE_PAIRS = 2; // model_type in the trainer's settings
    // characters, 8 times the longest known; the time for merges grows with the square
    private static final int MAX_PIECE = 256;
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private final List<Piece> pieces;

    private SentencePieces(List<Piece> pieces) {
        this.pieces = pieces;
    }

    private record Piece(String text, float score, int type) {}

    private record Merge(String left, String right, float score) {}

    /** @throws InvalidInputException when the file is not such a model */
    static Optional<SentencePieces> read(Folder folder, String name) {
        try {
            if (folder.bytes(name).isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(parse(ByteBuffer.wrap(UntrustedFile.bytes(folder, name))));
        } catch (IOException e) {
            throw new InvalidInputException(folder.location(name) + " cannot be read: " + e.getMessage(), e);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw invalid(
                    "%s is no SentencePiece model of byte pairs, and beside it is no tokenizer.json: save the tokenizer"
                            + " there with AutoTokenizer.from_pretrained(…).save_pretrained(…)",
                    folder.location(name));
        }
    }

    // Protocol buffers: a tag, followed by a number, or by a length and as many bytes.
    private static SentencePieces parse(ByteBuffer model) {
        List<Piece> pieces = new ArrayList<>();
        int type = 1;
        while (model.hasRemaining()) {
            int tag = (int) number(model);
            if (tag >> 3 == 1) {
                pieces.add(piece(bytes(model)));
            } else if (tag >> 3 == 2) {
                type = modelType(bytes(model));
            } else {
                skip(model, tag);
            }
        }
        if (pieces.isEmpty() || type != BYTE_PAIRS) {
            throw new IllegalArgumentException("model_type " + type);
        }
        return new SentencePieces(pieces);
    }

    private static Piece piece(ByteBuffer in) {
        String text = "";
        float score = 0;
        int type = NORMAL;
        while (in.hasRemaining()) {
            int tag = (int) number(in);
            switch (tag >> 3) {
                case 1 -> text = StandardCharsets.UTF_8.decode(bytes(in)).toString();
                case 2 -> score = in.order(ByteOrder.LITTLE_ENDIAN).getFloat();
                case 3 -> type = (int) number(in);
                default -> skip(in, tag);
            }
        }
        if (text.length() > MAX_PIECE) {
            throw new IllegalArgumentException("a piece of %d characters".formatted(text.length()));
        }
        return new Piece(text, score, type);
    }

    private static int modelType(ByteBuffer trainer) {
        int type = 1;
        while (trainer.hasRemaining()) {
            int tag = (int) number(trainer);
            if (tag >> 3 == 3) {
                type = (int) number(trainer);
            } else {
                skip(trainer, tag);
            }
        }
        return type;
    }

    private static void skip(ByteBuffer in, int tag) {
        switch (tag & 7) {
            case 0 -> number(in);
            case 1 -> in.getLong();
            case 2 -> bytes(in);
            case 5 -> in.getInt();
            default -> throw new IllegalArgumentException("tag " + tag);
        }
    }

    private static ByteBuffer bytes(ByteBuffer in) {
        int length = (int) number(in);
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = in.slice(in.position(), length);
        in.position(in.position() + length);
        return part;
    }

    private static long number(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte part = in.get();
            value |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number of more than ten bytes");
    }

    /** {@code model} and {@code added_tokens} of tokenizer.json, as transformers converts them. */
    ObjectNode model(TokenizerClass kind) {
        Map<String, Integer> ids = new HashMap<>();
        List<Piece> own = new ArrayList<>(pieces);
        boolean lacksTab = kind == TokenizerClass.GEMMA
                && own.stream().noneMatch(piece -> piece.text().equals("\t"));
        if (lacksTab) { // the oldest Gemma files: the byte token stands for it
            own.replaceAll(piece -> piece.text().equals("<0x09>") ? new Piece("\t", 0, NORMAL) : piece);
        }
        ObjectNode model = JSON.createObjectNode().put("type", "BPE");
        model.putNull("dropout").put("unk_token", "<unk>");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < own.size(); id++) {
            ids.put(own.get(id).text(), id);
            vocabulary.put(own.get(id).text(), id);
        }
        ArrayNode merges = model.putArray("merges");
        for (Merge merge : merges(own, ids)) {
            merges.addArray().add(merge.left()).add(merge.right());
        }
        ArrayNode added = model.putArray("added_tokens");
        for (int id = 0; id < own.size(); id++) {
            Piece piece = own.get(id);
            if (piece.type() == CONTROL || piece.type() == USER_DEFINED) {
                boolean isTurn = kind == TokenizerClass.GEMMA && piece.text().matches("<(start|end)_of_turn>");
                ObjectNode token = added.addObject().put("id", id).put("content", piece.text());
                token.put("single_word", false).put("lstrip", false).put("rstrip", false);
                token.put("normalized", false).put("special", piece.type() == CONTROL || isTurn);
            }
        }
        return model;
    }

    /** All ways to merge two pieces into a third, those of the best resulting piece first. */
    private static List<Merge> merges(List<Piece> pieces, Map<String, Integer> ids) {
        List<Merge> merges = new ArrayList<>();
        for (Piece piece : pieces) {
            List<Merge> ways = new ArrayList<>();
            String text = piece.text();
            for (int i = text.offsetByCodePoints(0, text.isEmpty() ? 0 : 1); i < text.length(); ) {
                if (ids.containsKey(text.substring(0, i)) && ids.containsKey(text.substring(i))) {
                    ways.add(new Merge(text.substring(0, i), text.substring(i), piece.score()));
                }
                i = text.offsetByCodePoints(i, 1);
            }
            ways.sort(Comparator.<Merge>comparingInt(way -> ids.get(way.left()))
                    .thenComparingInt(way -> ids.get(way.right())));
            merges.addAll(ways);
        }
        merges.sort(Comparator.comparingDouble(Merge::score)
                .thenComparingInt(merge -> length(merge.left()))
                .thenComparingInt(merge -> length(merge.right()))
                .reversed());
        return merges;
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }
}
