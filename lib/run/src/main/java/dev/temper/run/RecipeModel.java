package dev.temper.run;

import dev.temper.adapter.LoraConfig;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.StoredModel;
import dev.temper.quant.SharedCodes;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.train.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The model of a recipe in a worker's memory. */
public record RecipeModel(Store store, Recipe recipe, Path base, Consumer<String> warnings) {
    /** @param store where an adapter to continue from is read from */
    static RecipeModel localize(Store store, Recipe recipe, Consumer<String> warnings) throws IOException {
        Folder folder = new Folder(store, recipe.model().base());
        return new RecipeModel(
                store, recipe, LocalCopies.model(folder, recipe.cluster().localDir()), warnings);
    }

    /** As the recipe keeps it and computes with it. */
    StoredModel stored() throws IOException {
        Recipe.Model model = recipe.model();
        return StoredModel.read(base, model.head(), recipe.training().seed())
                .withVocabulary(PretrainedModel.read(Folder.local(base), recipe)
                        .architecture()
                        .sizes()
                        .vocabulary())
                .quantized(model.quantization())
                .in(model.precision().type())
                .sharing(sharedCodes());
    }

    /** With all that is trained, and room for its gradients. */
    public TrainedModel open(Workspace workspace) throws IOException {
        long seed = recipe.training().seed();
        FloatType weights = recipe.model().weights().type();
        StoredModel stored = stored();
        Optional<LoraConfig> adapter = recipe.adapter();
        if (adapter.isEmpty()) {
            return TrainedModel.full(workspace, stored, weights);
        }
        Optional<String> initFrom = adapter.get().initFrom();
        if (initFrom.isPresent()) {
            Path existing = LocalCopies.model(
                    new Folder(store, initFrom.get()), recipe.cluster().localDir());
            return TrainedModel.withAdapter(workspace, stored, Folder.local(existing), weights);
        }
        return TrainedModel.withAdapter(workspace, stored, adapter.get(), seed, weights);
    }

    /** What is quantized stays for the next run where the recipe says in which folder. */
    private SharedCodes sharedCodes() {
        return recipe.cluster()
                .localDir()
                .map(folder -> SharedCodes.kept(Path.of(folder), warnings))
                .orElseGet(() -> SharedCodes.temporary(warnings));
    }
}
