package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Store;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The places that a recipe names, looked at before anything is paid for. */
public record RecipeLocations(HadoopStore store, Recipe recipe) {
    private static final Pattern HUB = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*");

    /**
     * The output is a folder, or can become one, and what is written there is not what is read.
     *
     * @throws dev.temper.check.InvalidInputException naming the key
     */
    public void verifyOutput() {
        String output = HadoopStore.resolve(recipe.output());
        check(
                Locations.find(store, "output", output)
                        .map(Store.Entry::isFolder)
                        .orElse(true),
                "output: %s is a file; name a folder",
                output);
        read().forEach((location, key) -> check(
                !Locations.isInside(output, location) && !Locations.isInside(location, output),
                "output: %s and %s: %s lie one in the other; name an output apart from what is read",
                output,
                key,
                location));
    }

    /**
     * What the recipe reads is there.
     *
     * @throws dev.temper.check.InvalidInputException naming the key
     */
    public void verifyInput() {
        verifyHub();
        read().forEach((location, key) -> {
            if (key.startsWith("data.")) {
                Locations.find(store, key, location); // it can be asked for; it may be a pattern
            } else {
                Locations.verifyFolder(store, key, location);
            }
        });
        try {
            PreparedData.verifyFiles(store, recipe.data());
        } catch (IOException e) {
            throw invalid("data: its files cannot be read: %s", HadoopStore.reason(e));
        }
    }

    /** A base that is called as on a hub, and nothing here is. */
    private void verifyHub() {
        String base = recipe.model().base();
        boolean isName = HUB.matcher(base).matches();
        check(
                !isName
                        || Locations.find(store, "model.base", HadoopStore.resolve(base))
                                .isPresent()
                        || Locations.find(
                                        store, "model.base", HadoopStore.resolve(base.substring(0, base.indexOf('/'))))
                                .isPresent(),
                "model.base: %s does not exist; model hubs are not built yet: download its folder and name that",
                base);
    }

    // Of a table Spark says whether it is there: its location may be a name.
    private static void put(Map<String, String> keys, DataConfig.Source source, String key) {
        if (!source.isTable()) {
            keys.put(HadoopStore.resolve(source.location().orElseThrow()), key);
        }
    }

    private Map<String, String> read() {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put(HadoopStore.resolve(recipe.model().base()), "model.base");
        recipe.adapter()
                .flatMap(adapter -> adapter.initFrom())
                .ifPresent(location -> keys.put(HadoopStore.resolve(location), "adapter.init_from"));
        recipe.data().train().forEach(source -> put(keys, source, "data.train"));
        recipe.data().eval().ifPresent(source -> put(keys, source, "data.eval"));
        return keys;
    }
}
