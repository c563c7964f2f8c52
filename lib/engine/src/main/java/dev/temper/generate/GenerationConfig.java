package dev.temper.generate;

import static dev.temper.check.Check.check;

import java.util.List;

/**
 * How text is continued; {@code generation:} in the recipe. Names and order of application as in transformers.
 *
 * @param prompts what to continue before and after training
 * @param evalPrompts of so many evaluation rows the prompt is answered too, and {@code eval/exact_match} is reported
 * @param maxNewTokens tokens at most
 * @param doSample draw from the distribution instead of taking the best token
 * @param temperature divides the logits; above 1 is more varied
 * @param topK keeps the k best tokens and ties; 0 keeps all
 * @param topP keeps the smallest set of tokens whose probabilities reach this sum, in {@code (0, 1]}
 * @param minP drops tokens less likely than this share of the best one's probability, in {@code [0, 1)}
 * @param repetitionPenalty above 1 makes tokens that were seen less likely
 */
public record GenerationConfig(
        List<String> prompts,
        int evalPrompts,
        int maxNewTokens,
        boolean doSample,
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty) {
    public GenerationConfig {
        check(evalPrompts >= 0, "generation.eval_prompts must not be negative, got %d", evalPrompts);
        check(maxNewTokens > 0, "generation.max_new_tokens must be positive, got %d", maxNewTokens);
        check(temperature > 0, "generation.temperature must be positive, got %s", temperature);
        check(topK >= 0, "generation.top_k must not be negative, got %d", topK);
        check(topP > 0 && topP <= 1, "generation.top_p must be in (0, 1], got %s", topP);
        check(minP >= 0 && minP < 1, "generation.min_p must be in [0, 1), got %s", minP);
        check(repetitionPenalty > 0, "generation.repetition_penalty must be positive, got %s", repetitionPenalty);
        prompts = List.copyOf(prompts);
    }

    /** The best token each time. */
    public static GenerationConfig greedy(int maxNewTokens) {
        return new GenerationConfig(List.of(), 0, maxNewTokens, false, 1, 0, 1, 0, 1);
    }
}
