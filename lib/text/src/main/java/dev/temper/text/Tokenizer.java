package dev.temper.text;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A tokenizer of a Hugging Face folder: {@code tokenizer.json}, and from {@code tokenizer_config.json} which tokens
 * begin, end and fill a text. Never cuts, never pads. Several threads may use one.
 */
public final class Tokenizer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<Path, Tokenizer> SHARED = new ConcurrentHashMap<>();

    static {
        // DJL asks an address of EC2 for telemetry, and on a machine with a GPU it downloads another native library.
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("RUST_FLAVOR", "cpu");
    }

    private final HuggingFaceTokenizer tokenizer;
    private final Vocabulary vocabulary;

    private Tokenizer(HuggingFaceTokenizer tokenizer, Vocabulary vocabulary) {
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    /** @throws InvalidInputException when a file is missing or cannot be read, by its name */
    public static Tokenizer open(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        String json = text(file);
        Vocabulary vocabulary = Vocabulary.of(tree(json, file), folder.resolve("tokenizer_config.json"));
        // DJL cuts at 512 tokens and pads unless told otherwise.
        Map<String, String> options = Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "true");
        LibUtils.checkStatus(); // a missing native library is no fault of the file
        try (ByteArrayInputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
            return new Tokenizer(HuggingFaceTokenizer.newInstance(in, options), vocabulary);
        } catch (RuntimeException e) {
            throw new InvalidInputException(file + " is no tokenizer that can be read: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one tokenizer of this folder in this process, kept until the process ends; not to be closed. */
    public static Tokenizer shared(Path folder) {
        return SHARED.computeIfAbsent(folder.toAbsolutePath().normalize(), Tokenizer::open);
    }

    /** The tokens with those that the tokenizer's post-processor adds. */
    public Encoding encode(String text) {
        return encode(text, true);
    }

    /** The tokens of the text alone. */
    public Encoding encodePlain(String text) {
        return encode(text, false);
    }

    /** The text of these tokens, without special ones. */
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    public OptionalInt beginToken() {
        return vocabulary.begin().id();
    }

    public OptionalInt endToken() {
        return vocabulary.end().id();
    }

    /** The end token as it is written in a text. */
    public Optional<String> endText() {
        return vocabulary.end().text();
    }

    public OptionalInt padToken() {
        return vocabulary.pad().id();
    }

    /** The largest id and one: how many rows an embedding needs at least. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private Encoding encode(String text, boolean withSpecialTokens) {
        String wellFormed = withoutLoneSurrogates(text);
        ai.djl.huggingface.tokenizers.Encoding encoding = tokenizer.encode(wellFormed, withSpecialTokens, false);
        CharSpan[] spans = encoding.getCharTokenSpans();
        long[] specialMask = encoding.getSpecialTokenMask();
        int[] indexes = indexesOfCodePoints(wellFormed);
        int length = spans.length;
        int[] starts = new int[length];
        int[] ends = new int[length];
        boolean[] special = new boolean[length];
        for (int i = 0; i < length; i++) {
            special[i] = spans[i] == null || specialMask[i] == 1;
            starts[i] = special[i] ? 0 : indexes[spans[i].getStart()];
            ends[i] = special[i] ? 0 : indexes[spans[i].getEnd()];
        }
        int[] ids = Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
        return new Encoding(ids, starts, ends, special);
    }

    // The native library counts Unicode code points, Java counts UTF-16 units.
    private static int[] indexesOfCodePoints(String text) {
        int[] indexes = new int[text.codePointCount(0, text.length()) + 1];
        for (int i = 0, index = 0; i < indexes.length; i++) {
            indexes[i] = index;
            index += index < text.length() ? Character.charCount(text.codePointAt(index)) : 0;
        }
        return indexes;
    }

    // Half a surrogate pair has no UTF-8 form; one replacement character keeps all offsets where they are.
    private static String withoutLoneSurrogates(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            mended = mended == null ? new StringBuilder(text) : mended;
            mended.setCharAt(i, '\uFFFD');
        }
        return mended == null ? text : mended.toString();
    }

    static String text(Path file) {
        check(Files.isRegularFile(file), "%s is missing: the tokenizer's folder must have it", file);
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new InvalidInputException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    static JsonNode tree(String json, Path file) {
        try {
            JsonNode tree = JSON.readTree(json);
            check(tree.isObject(), "%s is no JSON object: it may be cut off", file);
            return tree;
        } catch (JsonProcessingException e) {
            throw invalid("%s is no valid JSON: %s", file, e.getOriginalMessage());
        }
    }

    private static void setIfAbsent(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }
}
