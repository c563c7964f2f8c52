package dev.temper.jobs;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.Secrets;
import dev.temper.spark.HadoopStore;
import dev.temper.spark.PreparedData;
import dev.temper.storage.Folder;
import dev.temper.storage.Nearby;
import dev.temper.storage.Store;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The places that a recipe names, looked at before anything is paid for. */
record Locations(HadoopStore store, Recipe recipe) {
    private static final Pattern HUB = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*");

    /**
     * The output is a folder, or can become one, and what is written there is not what is read.
     *
     * @throws dev.temper.check.InvalidInputException naming the key
     */
    void verifyOutput() {
        String output = HadoopStore.resolve(recipe.output());
        check(
                find(store, "output", output).map(Store.Entry::isFolder).orElse(true),
                "output: %s is a file; name a folder",
                output);
        read().forEach((location, key) -> check(
                !isInside(output, location) && !isInside(location, output),
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
    void verifyInput() {
        verifyHub();
        read().forEach((location, key) -> {
            if (key.startsWith("data.")) {
                find(store, key, location); // it can be asked for; it may be a pattern
            } else {
                verifyFolder(store, key, location);
            }
        });
        try {
            PreparedData.verifyFiles(store, recipe.data());
        } catch (IOException e) {
            throw invalid("data: its files cannot be read: %s", HadoopStore.reason(e));
        }
    }

    /**
     * What was given as a location can be one: nothing at all would be the working directory.
     *
     * @param key or option, or what an argument is called
     */
    static void verifyGiven(String key, String location) {
        check(!location.isBlank(), "%s is empty; name a location", key);
        Secrets.refuse(key, location);
    }

    /** @throws dev.temper.check.InvalidInputException naming the key, when there is no folder */
    static void verifyFolder(Store store, String key, String location) {
        Optional<Store.Entry> entry = find(store, key, location);
        if (entry.isEmpty()) {
            throw invalid(
                    "%s: %s does not exist%s; name a folder that does", key, location, Nearby.hint(store, location));
        }
        check(entry.get().isFolder(), "%s: %s is a file; name a folder", key, location);
    }

    /**
     * A folder to compute with is not a run's, in which the model lies deeper.
     *
     * @param key or option, or what an argument is called
     */
    static void verifyModel(Store store, String key, String location) throws IOException {
        Folder folder = new Folder(store, HadoopStore.resolve(location));
        for (Map.Entry<String, String> part :
                Map.of("model", "config.json", "adapter", "adapter_config.json").entrySet()) {
            boolean isRun =
                    !folder.has(part.getValue()) && folder.child(part.getKey()).has(part.getValue());
            String name = location.replaceFirst("/+$", "") + "/" + part.getKey();
            boolean isAdapter = part.getKey().equals("adapter") && !key.equals("--adapter");
            check(
                    !isRun,
                    "%s: %s is the output of a run; name %s",
                    key,
                    location,
                    isAdapter ? "its base, and --adapter " + name : name);
        }
    }

    /** A base that is called as on a hub, and nothing here is. */
    private void verifyHub() {
        String base = recipe.model().base();
        boolean isName = HUB.matcher(base).matches();
        check(
                !isName
                        || find(store, "model.base", HadoopStore.resolve(base)).isPresent()
                        || find(store, "model.base", HadoopStore.resolve(base.substring(0, base.indexOf('/'))))
                                .isPresent(),
                "model.base: %s does not exist; model hubs are not built yet: download its folder and name that",
                base);
    }

    private Map<String, String> read() {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put(HadoopStore.resolve(recipe.model().base()), "model.base");
        recipe.adapter()
                .flatMap(adapter -> adapter.initFrom())
                .ifPresent(location -> keys.put(HadoopStore.resolve(location), "adapter.init_from"));
        recipe.data().train().forEach(source -> keys.put(HadoopStore.resolve(source.location()), "data.train"));
        recipe.data().eval().ifPresent(location -> keys.put(HadoopStore.resolve(location), "data.eval"));
        return keys;
    }

    /** @throws dev.temper.check.InvalidInputException naming the key, when the store cannot be asked */
    static Optional<Store.Entry> find(Store store, String key, String location) {
        try {
            return store.find(location);
        } catch (IOException | RuntimeException e) {
            throw invalid("%s: %s cannot be reached: %s", key, location, HadoopStore.reason(e));
        }
    }

    static boolean isInside(String location, String folder) {
        return (location + "/").startsWith(folder.endsWith("/") ? folder : folder + "/");
    }
}
