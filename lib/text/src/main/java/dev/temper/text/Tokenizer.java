package dev.temper.text;

import static dev.temper.check.Check.invalid;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/**
 * The tokenizer of a folder in Hugging Face's layout: {@code tokenizer.json}, or a vocabulary from which it can be
 * built, with the changes that the other files make. Never truncates or pads. Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
    /** Files from which a tokenizer is read; a folder has some of them. */
    public static final List<String> FILES = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "tokenizer.model",
            "config.json");

    private static final List<String> VOCABULARIES =
            List.of("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model");
    private static final Map<Opened, Tokenizer> SHARED = new ConcurrentHashMap<>();

    private record Opened(Path folder, AddedTokens added) {}

    static {
        // DJL contacts a metadata service of EC2 for telemetry, and on a machine with a GPU downloads another native
        // library.
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("RUST_FLAVOR", "cpu");
    }

    // The native library itself, not DJL's tokenizer on top of it, which changes case and accents by its own config and
    // creates a string for each token.
    private static final TokenizersLibrary LIB = TokenizersLibrary.LIB;
    private static final LongAdder NATIVE_NANOS = new LongAdder();
    /**
     * Texts of at least so many characters are processed one at a time: their memory is native and not limited by Java.
     */
    private static final int LONG = 1_000_000;

    private static final ReentrantLock ONE_LONG_TEXT = new ReentrantLock();

    /** Which special tokens are added to a text. */
    public enum Added {
        NOTHING,
        /** Those of the tokenizer's post-processor. */
        SPECIAL_TOKENS
    }

    private final long handle;
    private final Vocabulary vocabulary;
    private final Optional<ByteLevelTokens> byteLevel;
    private final TextLimits limits;

    private Tokenizer(long handle, Vocabulary vocabulary, Optional<ByteLevelTokens> byteLevel, TextLimits limits) {
        this.handle = handle;
        this.byteLevel = byteLevel;
        this.limits = limits;
        this.vocabulary = vocabulary;
    }

    /** Whether a folder has a file from which a tokenizer can be built. */
    public static boolean isIn(Folder folder) throws IOException {
        for (String file : VOCABULARIES) {
            if (folder.has(file)) {
                return true;
            }
        }
        return false;
    }

    /** @throws InvalidInputException when a file is missing or cannot be read; the message names it */
    public static Tokenizer open(Path folder) {
        return open(folder, AddedTokens.NONE);
    }

    /** As {@link #open(Path)}, with added tokens. */
    public static Tokenizer open(Path folder, AddedTokens added) {
        TokenizerJson files = TokenizerJson.read(Folder.local(folder));
        String json = added.into(files.text(), files.tokenizer());
        Vocabulary vocabulary = Vocabulary.of(files);
        TextLimits limits = TextLimits.of(
                files.tokenizer(), folder.resolve(TokenizerJson.FILE).toString());
        LibUtils.checkStatus(); // a missing native library is not an error of the file
        try {
            long handle = LIB.createTokenizerFromString(json);
            LIB.disableTruncation(handle); // files may contain the truncation with which their model was once used
            LIB.disablePadding(handle);
            return new Tokenizer(handle, vocabulary, ByteLevelTokens.of(files.tokenizer(), vocabulary.size()), limits);
        } catch (RuntimeException e) {
            throw new InvalidInputException(
                    folder.resolve(TokenizerJson.FILE) + " is no tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    /**
     * The tokenizer of this folder that the whole process shares, open until the process ends. Callers must not close
     * it.
     */
    public static Tokenizer shared(Path folder) {
        return shared(folder, AddedTokens.NONE);
    }

    /** As {@link #shared(Path)}, with added tokens. */
    public static Tokenizer shared(Path folder, AddedTokens added) {
        Opened key = new Opened(folder.toAbsolutePath().normalize(), added);
        return SHARED.computeIfAbsent(key, opened -> open(opened.folder(), opened.added()));
    }

    /** Encodes a text, with the tokens of the post-processor. */
    public Encoding encode(String text) {
        return encode(List.of(text), Added.SPECIAL_TOKENS).get(0);
    }

    /** Encodes a text without special tokens. */
    public Encoding encodePlain(String text) {
        return encode(List.of(text), Added.NOTHING).get(0);
    }

    /** Why a text cannot be tokenized, in words; empty for almost every text. */
    public Optional<String> refusal(String text) {
        return limits.refusal(text);
    }

    /**
     * Encodes texts one after the other in the caller's thread: the library's own batches use all cores, for which
     * concurrent Spark tasks would compete.
     *
     * @throws InvalidInputException when there is a {@link #refusal} of one
     */
    public List<Encoding> encode(List<String> texts, Added added) {
        List<Encoding> encodings = new ArrayList<>(texts.size());
        for (String input : wellFormed(texts)) {
            encodings.add(encoded(input, single(input, added), encoded -> encoding(input, encoded, added)));
        }
        return encodings;
    }

    /** Encodes texts to ids alone, which is cheaper: offsets need an object per token. */
    public List<int[]> ids(List<String> texts, Added added) {
        List<int[]> all = new ArrayList<>(texts.size());
        for (String input : wellFormed(texts)) {
            all.add(encoded(input, single(input, added), encoded -> ints(LIB.getTokenIds(encoded))));
        }
        return all;
    }

    /**
     * The tokens of two texts in one row, as the tokenizer's post-processor puts them together.
     *
     * @throws InvalidInputException when there is a {@link #refusal} of one
     */
    PairEncoding encodePair(String first, String second) {
        String[] texts = wellFormed(List.of(first, second));
        limits.refusal(texts[1]).ifPresent(why -> {
            throw tooLong(why);
        });
        LongSupplier both = () -> LIB.encodeDual(handle, texts[0], texts[1], true);
        return encoded(texts[0], both, encoded -> {
            return new PairEncoding(
                    ints(LIB.getTokenIds(encoded)), ints(LIB.getTypeIds(encoded)), ints(LIB.getSequenceIds(encoded)));
        });
    }

    /** Whether it puts a token between two texts of a row. */
    public boolean dividesPairs() {
        return encodePair("a", "a").isDivided();
    }

    /** Whether it gives the tokens of the second of two texts another type. */
    public boolean typesPairs() {
        PairEncoding pair = encodePair("a", "a");
        return pair.second() < pair.length();
    }

    /** What is made of the library's encoding of a text, which takes up to 400 bytes for each of its characters. */
    private <T> T encoded(String text, LongSupplier encode, LongFunction<T> use) {
        limits.refusal(text).ifPresent(why -> {
            throw tooLong(why);
        });
        boolean isLong = text.length() > LONG;
        if (isLong) {
            ONE_LONG_TEXT.lock();
        }
        long start = System.nanoTime();
        long encoded = encode.getAsLong();
        try {
            return use.apply(encoded);
        } finally {
            LIB.deleteEncoding(encoded);
            NATIVE_NANOS.add(System.nanoTime() - start);
            if (isLong) {
                ONE_LONG_TEXT.unlock();
            }
        }
    }

    private LongSupplier single(String text, Added added) {
        return () -> LIB.encode(handle, text, added == Added.SPECIAL_TOKENS);
    }

    private static InvalidInputException tooLong(String why) {
        return invalid("a text cannot be tokenized: it has %s; shorten it", why);
    }

    private Encoding encoding(String text, long encoded, Added added) {
        long[] ids = LIB.getTokenIds(encoded);
        long[] special = added == Added.SPECIAL_TOKENS ? LIB.getSpecialTokenMask(encoded) : null;
        long inJava = System.nanoTime();
        Optional<Encoding> spelled = spelled(text, ids, special);
        NATIVE_NANOS.add(inJava - System.nanoTime());
        return spelled.orElseGet(() -> encoding(text, ids, LIB.getTokenCharSpans(encoded), special));
    }

    /** Total time that all threads of this process have spent in the native library to encode texts. */
    public static long nativeNanos() {
        return NATIVE_NANOS.sum();
    }

    /** Decodes tokens, without special ones. */
    public String decode(int[] ids) {
        return LIB.decode(handle, Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /**
     * The text that an answer adds to its prompt, without special tokens. Decoders treat the first token of a text
     * differently: decoded alone, an answer would lose the space before its first word.
     */
    public String continuation(int[] prompt, int[] answer) {
        int[] all = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, all, prompt.length, answer.length);
        return added(decode(prompt), decode(all));
    }

    /**
     * The text that was added to a beginning, counted in code points as in transformers' pipeline: bytes that do not
     * complete a character change the characters before them.
     */
    private static String added(String beginning, String whole) {
        int points = beginning.codePointCount(0, beginning.length());
        int all = whole.codePointCount(0, whole.length());
        return points < all ? whole.substring(whole.offsetByCodePoints(0, points)) : "";
    }

    /** Whether a token is a single byte of a character that has no token; the text depends on the next tokens. */
    boolean isByte(int id) {
        return vocabulary.bytes().contains(id);
    }

    /** The tokens as they are written in a text, special or not. */
    public String text(int... ids) {
        return LIB.decode(handle, Arrays.stream(ids).asLongStream().toArray(), false);
    }

    public OptionalInt beginToken() {
        return vocabulary.begin().id();
    }

    public OptionalInt endToken() {
        return vocabulary.end().id();
    }

    /** Text of the end token. */
    public Optional<String> endText() {
        return vocabulary.end().text();
    }

    public OptionalInt padToken() {
        return vocabulary.pad().id();
    }

    /** The largest id plus one: the minimum number of rows of an embedding. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    /**
     * The first token id that a model has no embedding row for, as tokenizers of multimodal models may have.
     *
     * @param vocabulary number of rows of the model's embedding
     */
    public OptionalInt unknown(int[] ids, int vocabulary) {
        return Arrays.stream(ids).filter(id -> id >= vocabulary).findFirst();
    }

    /** The message for a text with such a token. */
    public String unknownReason(int id, int vocabulary) {
        return String.format(
                Locale.ROOT,
                "it contains %s, token %d, and the model has rows for %d tokens only",
                text(id),
                id,
                vocabulary);
    }

    @Override
    public void close() {
        LIB.deleteTokenizer(handle);
    }

    private Optional<Encoding> spelled(String text, long[] ids, long[] special) {
        return byteLevel.isEmpty() ? Optional.empty() : byteLevel.get().locate(text, ints(ids), special);
    }

    private static Encoding encoding(String text, long[] ids, CharSpan[] spans, long[] specialMask) {
        int[] indexes = indexesOfCodePoints(text);
        int[] starts = new int[ids.length];
        int[] ends = new int[ids.length];
        boolean[] special = new boolean[ids.length];
        for (int i = 0; i < ids.length; i++) {
            CharSpan span = spans[i];
            if (span == null || (specialMask != null && specialMask[i] == 1)) {
                special[i] = true;
            } else {
                starts[i] = indexes == null ? span.getStart() : indexes[span.getStart()];
                ends[i] = indexes == null ? span.getEnd() : indexes[span.getEnd()];
            }
        }
        return new Encoding(ints(ids), starts, ends, special);
    }

    private static int[] ints(long[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i]; // the library's ids are unsigned 32-bit integers
        }
        return ints;
    }

    // The native library counts Unicode code points, Java counts UTF-16 units; for most texts they are equal.
    private static int[] indexesOfCodePoints(String text) {
        int points = text.codePointCount(0, text.length());
        if (points == text.length()) {
            return null;
        }
        int[] indexes = new int[points + 1];
        for (int i = 0, index = 0; i < indexes.length; i++) {
            indexes[i] = index;
            index += index < text.length() ? Character.charCount(text.codePointAt(index)) : 0;
        }
        return indexes;
    }

    private static String[] wellFormed(List<String> texts) {
        String[] inputs = new String[texts.size()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = withoutLoneSurrogates(texts.get(i));
        }
        return inputs;
    }

    // A lone surrogate has no UTF-8 form; replacing it by one character preserves all offsets.
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

    private static void setIfAbsent(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }
}
