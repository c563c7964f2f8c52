package dev.temper.jobs;

import dev.temper.run.draft.RecipeRequest;
import dev.temper.run.draft.RecipeSuggestion;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;

/** {@code temper init}. */
final class InitJob {
    private InitJob() {}

    static void run(HadoopStore store, RecipeRequest request) throws IOException {
        Console.say("wrote %s: %s", request.recipe(), RecipeSuggestion.write(store, request));
        Console.say("its comments say why; look at it, then: temper preview %s", request.recipe());
    }
}
