package dev.temper.model;

import static dev.temper.check.Check.invalid;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Rotary position embedding: position {@code p} turns pair {@code i} of a query or key by {@code p * frequency(i)},
 * with the ways of stretching it to longer texts that transformers knows as {@code default}, {@code linear},
 * {@code dynamic}, {@code yarn}, {@code longrope} and {@code llama3}.
 *
 * @see <a href="https://arxiv.org/abs/2104.09864">RoFormer</a>
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_rope_utils.py">reference</a>
 */
public final class RotaryEmbedding {
    private static final Set<String> UNSTRETCHED = Set.of("default", "linear", "dynamic");

    private final int headSize;
    private final List<Table> tables;

    private RotaryEmbedding(int headSize, List<Table> tables) {
        this.headSize = headSize;
        this.tables = tables;
    }

    /**
     * One way of turning.
     *
     * @param frequencies length of a text to its inverse frequencies; one array for all unless {@code dynamic} or
     *     {@code longrope}
     * @param attentionFactor what cosines and sines are multiplied by
     */
    private record Table(IntFunction<float[]> frequencies, float attentionFactor) {}

    private static RotaryEmbedding of(int headSize, IntFunction<float[]> frequencies, double attentionFactor) {
        return new RotaryEmbedding(headSize, List.of(new Table(frequencies, (float) attentionFactor)));
    }

    /** As this one, with another base and without scaling for layers that see a window only. */
    public RotaryEmbedding withNear(double base) {
        float[] near = plain(base, headSize);
        return new RotaryEmbedding(headSize, List.of(tables.get(0), new Table(length -> near, 1)));
    }

    /**
     * Reads {@code rope_theta} and {@code rope_scaling}, to which {@link RopeParameters} brings all others.
     *
     * @param defaultBase {@code rope_theta} when it is missing
     * @param headSize channels of a head that turn
     */
    public static RotaryEmbedding read(ConfigFields config, double defaultBase, int headSize, int maxPositions) {
        double base = config.positive("rope_theta", defaultBase);
        ConfigFields scaling = config.object("rope_scaling");
        String type = scaling.text("rope_type", scaling.text("type", "default"));
        scaling.ignore("type");
        if (UNSTRETCHED.contains(type)) {
            config.ignore("original_max_position_embeddings"); // of a way that it does not turn in
        }
        RotaryEmbedding rotary =
                switch (type) {
                    case "default" -> fixed(headSize, plain(base, headSize), 1);
                    case "linear" -> fixed(headSize, divided(plain(base, headSize), scaling.positive("factor")), 1);
                    case "dynamic" -> dynamic(base, scaling.positive("factor"), headSize, maxPositions);
                    case "llama3" -> fixed(headSize, llama3(base, headSize, scaling), 1);
                    case "longrope", "su" -> longrope(config, scaling, base, headSize, maxPositions);
                    case "yarn" -> yarn(base, headSize, maxPositions, scaling);
                    default -> throw invalid("%s: rope_type: %s is not supported", scaling.location(), type);
                };
        scaling.refuseOthers();
        return rotary;
    }

    private static RotaryEmbedding fixed(int headSize, float[] frequencies, double attentionFactor) {
        return of(headSize, length -> frequencies, attentionFactor);
    }

    private static float[] plain(double base, int headSize) {
        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (float) (2 * i) / headSize;
            frequencies[i] = 1f / (float) Math.pow(base, exponent);
        }
        return frequencies;
    }

    private static float[] divided(float[] frequencies, double factor) {
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) (frequencies[i] / factor);
        }
        return frequencies;
    }

    /** NTK-aware: the base grows with the text once it is longer than the model's positions. */
    private static RotaryEmbedding dynamic(double base, double factor, int headSize, int maxPositions) {
        float[] ordinary = plain(base, headSize);
        IntFunction<float[]> frequencies = length -> {
            if (length <= maxPositions) {
                return ordinary;
            }
            double stretch = factor * length / maxPositions - (factor - 1);
            return plain(base * Math.pow(stretch, headSize / (headSize - 2.0)), headSize);
        };
        return of(headSize, frequencies, 1);
    }

    /** Long wavelengths are divided by the factor, short ones kept, those between blended. */
    private static float[] llama3(double base, int headSize, ConfigFields scaling) {
        double factor = scaling.positive("factor");
        double low = scaling.number("low_freq_factor");
        double high = scaling.number("high_freq_factor");
        double original = scaling.integer("original_max_position_embeddings");
        float[] frequencies = plain(base, headSize);
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = frequencies[i];
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength > original / low) {
                frequencies[i] = (float) (frequency / factor);
            } else if (wavelength >= original / high) {
                double smooth = (original / wavelength - low) / (high - low);
                frequencies[i] = (float) ((1 - smooth) * frequency / factor + smooth * frequency);
            }
        }
        return frequencies;
    }

    /**
     * Every frequency has a divisor of its own, another one in texts longer than the original positions.
     *
     * @see <a href="https://arxiv.org/abs/2402.13753">LongRoPE</a>
     */
    private static RotaryEmbedding longrope(
            ConfigFields config, ConfigFields scaling, double base, int headSize, int maxPositions) {
        boolean extended = config.has("original_max_position_embeddings");
        int original = config.integer("original_max_position_embeddings", maxPositions);
        double factor = extended ? (double) maxPositions / original : scaling.positive("factor", 1);
        scaling.ignore("factor");
        double attention = longropeAttention(factor, original);
        float[] shorter = stretched(base, scaling.numbers("short_factor", headSize / 2));
        float[] longer = stretched(base, scaling.numbers("long_factor", headSize / 2));
        return of(
                headSize,
                length -> length > original ? longer : shorter,
                scaling.number("attention_factor", attention));
    }

    static double longropeAttention(double factor, int original) {
        return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
    }

    private static float[] stretched(double base, double[] factors) {
        float[] frequencies = new float[factors.length];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (float) (2 * i) / (2 * factors.length);
            frequencies[i] = 1f / ((float) factors[i] * (float) Math.pow(base, exponent));
        }
        return frequencies;
    }

    /** @see <a href="https://arxiv.org/abs/2309.00071">YaRN</a> */
    private static RotaryEmbedding yarn(double base, int headSize, int maxPositions, ConfigFields scaling) {
        double factor = scaling.positive("factor");
        scaling.only("truncate", true);
        double attention = scaling.number("attention_factor", yarnAttention(factor, scaling));
        int original = scaling.integer("original_max_position_embeddings", maxPositions);
        double low = Math.max(0, Math.floor(turnsAt(scaling.number("beta_fast", 32), base, headSize, original)));
        double high =
                Math.min(headSize - 1.0, Math.ceil(turnsAt(scaling.number("beta_slow", 1), base, headSize, original)));
        float[] frequencies = plain(base, headSize);
        for (int i = 0; i < frequencies.length; i++) {
            double ramp = Math.min(1, Math.max(0, (i - low) / (high == low ? 0.001 : high - low)));
            frequencies[i] = (float) (frequencies[i] / factor * ramp + frequencies[i] * (1 - ramp));
        }
        return fixed(headSize, frequencies, attention);
    }

    private static double yarnAttention(double factor, ConfigFields scaling) {
        double mscale = scaling.number("mscale", 0);
        double mscaleAllDim = scaling.number("mscale_all_dim", 0);
        return mscale != 0 && mscaleAllDim != 0
                ? mscale(factor, mscale) / mscale(factor, mscaleAllDim)
                : mscale(factor, 1);
    }

    private static double mscale(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    /** The pair that makes so many rotations over the original length. */
    private static double turnsAt(double rotations, double base, int headSize, int original) {
        return headSize * Math.log(original / (rotations * 2 * Math.PI)) / (2 * Math.log(base));
    }

    /** Inverse frequencies in all, which transformers keeps as a buffer. */
    public int frequencies() {
        return tables.size() * (headSize / 2);
    }

    /** True when texts of these lengths turn with the same frequencies, so that cached keys stay valid. */
    public boolean isSame(int length, int otherLength) {
        return tables.stream()
                .map(Table::frequencies)
                .allMatch(frequencies -> Arrays.equals(frequencies.apply(length), frequencies.apply(otherLength)));
    }

    /** The shape of {@link #table}: (2, T, E), or (4, T, E) with a second way for near layers. */
    Shape shape(TokenStream stream) {
        return new Shape(2L * tables.size(), stream.length(), headSize);
    }

    /**
     * Cosines, then sines, of every token; then those of near layers, if these turn in another way.
     *
     * @param lengths per segment, the length of the text whose frequencies count
     * @return both halves of E alike
     */
    float[] table(TokenStream stream, int[] lengths) {
        int size = 2 * stream.length() * headSize;
        float[] values = new float[tables.size() * size];
        for (int i = 0; i < tables.size(); i++) {
            for (int segment = 0; segment < lengths.length; segment++) {
                fill(values, i * size, tables.get(i), stream, new Span(segment, lengths[segment]));
            }
        }
        return values;
    }

    /** A segment of a stream and the length of its text. */
    private record Span(int segment, int length) {}

    private void fill(float[] values, int start, Table table, TokenStream stream, Span span) {
        float[] inverse = table.frequencies().apply(span.length());
        int tokens = stream.length();
        int end = stream.segments()[span.segment() + 1];
        for (int t = stream.segments()[span.segment()]; t < end; t++) {
            for (int i = 0; i < inverse.length; i++) {
                double angle = stream.positions()[t] * inverse[i]; // float product, as in the reference
                int at = start + t * headSize + i;
                float cos = (float) Math.cos(angle) * table.attentionFactor();
                float sin = (float) Math.sin(angle) * table.attentionFactor();
                values[at] = cos;
                values[at + inverse.length] = cos;
                values[tokens * headSize + at] = sin;
                values[tokens * headSize + at + inverse.length] = sin;
            }
        }
    }
}
