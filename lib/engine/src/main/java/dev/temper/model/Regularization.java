package dev.temper.model;

/**
 * What keeps a model from learning its rows by heart, beside the dropout that belongs to it.
 *
 * @param labelSmoothing share of each target that all classes divide among them, in {@code [0, 1)}
 * @param noiseAlpha NEFTune: embeddings of a row of {@code n} tokens get noise that is uniform in {@code ±alpha /
 *     sqrt(n D)}; 0 none
 * @see <a href="https://arxiv.org/abs/2310.05914">NEFTune</a>
 */
public record Regularization(double labelSmoothing, double noiseAlpha) {
    /** None. */
    public static final Regularization NONE = new Regularization(0, 0);
}
