/**
 * Arithmetic: TorchScript programs and the calls into them. No other package touches {@code ai.djl.pytorch.jni}.
 *
 * <p>Letters for dimensions, here and in {@code model}, {@code adapter} and {@code generate}: {@code B} batch,
 * {@code T} tokens, {@code N} positions with a label, {@code D} model width, {@code H} query heads, {@code K} key/value
 * heads, {@code E} head size, {@code F} feed-forward width, {@code V} vocabulary, {@code R} LoRA rank, {@code L}
 * layers, {@code I}/{@code O} input/output width, {@code S} segments (documents in one stream of tokens).
 */
package dev.temper.kernel;
