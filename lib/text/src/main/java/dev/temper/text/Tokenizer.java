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
 * A tokenizer of a Hugging Face folder: {@code tokenizer.json}, or a vocabulary of which it can be made, and what the
 * files beside it change of it. Never cuts, never pads. Several threads may use one.
 */
public final class Tokenizer implements AutoCloseable {
    /** What a tokenizer is read from; a folder has some of them. */
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
        // DJL asks an address of EC2 for telemetry, and on a machine with a GPU it downloads another native library.
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("RUST_FLAVOR", "cpu");
    }

    // The library itself and not DJL's tokenizer on top of it, which changes case and accents by a config of its own,
    // and fetches a string for each token.
    private static final TokenizersLibrary LIB = TokenizersLibrary.LIB;
    private static final LongAdder NATIVE_NANOS = new LongAdder();
    /** Characters from which on the texts of all threads take turns: their memory is not Java's, and has no limit. */
    private static final int LONG = 1_000_000;

    private static final ReentrantLock ONE_LONG_TEXT = new ReentrantLock();

    /** What is added to the tokens of a text. */
    public enum Added {
        NOTHING,
        /** What the tokenizer's post-processor adds. */
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

    /** Whether a folder has a file that a tokenizer can be made of. */
    public static boolean isIn(Folder folder) throws IOException {
        for (String file : VOCABULARIES) {
            if (folder.has(file)) {
                return true;
            }
        }
        return false;
    }

    /** @throws InvalidInputException when a file is missing or cannot be read, by its name */
    public static Tokenizer open(Path folder) {
        return open(folder, AddedTokens.NONE);
    }

    /** As {@link #open(Path)}, with more tokens. */
    public static Tokenizer open(Path folder, AddedTokens added) {
        TokenizerJson files = TokenizerJson.read(Folder.local(folder));
        String json = added.into(files.text(), files.tokenizer());
        Vocabulary vocabulary = Vocabulary.of(files);
        TextLimits limits = TextLimits.of(
                files.tokenizer(), folder.resolve(TokenizerJson.FILE).toString());
        LibUtils.checkStatus(); // a missing native library is no fault of the file
        try {
            long handle = LIB.createTokenizerFromString(json);
            LIB.disableTruncation(handle); // a file may say how its model was once used
            LIB.disablePadding(handle);
            return new Tokenizer(handle, vocabulary, ByteLevelTokens.of(files.tokenizer(), vocabulary.size()), limits);
        } catch (RuntimeException e) {
            throw new InvalidInputException(
                    folder.resolve(TokenizerJson.FILE) + " is no tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    /** The one tokenizer of this folder in this process, kept until the process ends; not to be closed. */
    public static Tokenizer shared(Path folder) {
        return shared(folder, AddedTokens.NONE);
    }

    /** As {@link #shared(Path)}, with more tokens. */
    public static Tokenizer shared(Path folder, AddedTokens added) {
        Opened key = new Opened(folder.toAbsolutePath().normalize(), added);
        return SHARED.computeIfAbsent(key, opened -> open(opened.folder(), opened.added()));
    }

    /** The tokens with those that the tokenizer's post-processor adds. */
    public Encoding encode(String text) {
        return encode(List.of(text), Added.SPECIAL_TOKENS).get(0);
    }

    /** The tokens of the text alone. */
    public Encoding encodePlain(String text) {
        return encode(List.of(text), Added.NOTHING).get(0);
    }

    /** Why a text cannot be tokenized, in words; empty for nearly all. */
    public Optional<String> refusal(String text) {
        return limits.refusal(text);
    }

    /**
     * The tokens of many texts, one after the other in the caller's thread: the library's own batches use all cores, as
     * do the tasks that call this, and lose time to each other.
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

    /** Only the ids, which are cheaper: where tokens lie in the text takes an object for each of them. */
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

    /** Time that this process has spent in the native library to encode texts, of all threads together. */
    public static long nativeNanos() {
        return NATIVE_NANOS.sum();
    }

    /** The text of these tokens, without special ones. */
    public String decode(int[] ids) {
        return LIB.decode(handle, Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /**
     * What an answer adds to the text of its prompt, without special tokens. Decoders treat the first token of a text
     * differently: decoded alone, an answer would lose the space before its first word.
     */
    public String continuation(int[] prompt, int[] answer) {
        int[] all = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, all, prompt.length, answer.length);
        return added(decode(prompt), decode(all));
    }

    /**
     * What a text has more than its beginning had, counted in code points as transformers' pipeline does: bytes that
     * continue no character change those before them.
     */
    private static String added(String beginning, String whole) {
        if (whole.startsWith(beginning)) {
            return whole.substring(beginning.length());
        }
        int points = beginning.codePointCount(0, beginning.length());
        return points < whole.codePointCount(0, whole.length())
                ? whole.substring(whole.offsetByCodePoints(0, points))
                : "";
    }

    /** Whether a token is one byte of a character that is no token; only the next tokens tell what it is. */
    boolean isByte(int id) {
        return vocabulary.bytes().contains(id);
    }

    /** One token as it is written in a text, special or not. */
    public String text(int... ids) {
        return LIB.decode(handle, Arrays.stream(ids).asLongStream().toArray(), false);
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

    /**
     * The first token that a model has no row for; multimodal tokenizers have such tokens.
     *
     * @param vocabulary rows of the model's embedding
     */
    public OptionalInt unknown(int[] ids, int vocabulary) {
        return Arrays.stream(ids).filter(id -> id >= vocabulary).findFirst();
    }

    /** Says what is wrong with a text that has such a token. */
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
            ints[i] = (int) values[i]; // the library has them as unsigned 32 bits
        }
        return ints;
    }

    // The native library counts Unicode code points, Java counts UTF-16 units; mostly that is the same.
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

    private static void setIfAbsent(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }
}
