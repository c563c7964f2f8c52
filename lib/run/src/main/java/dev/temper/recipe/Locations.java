package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import dev.temper.check.Secrets;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Nearby;
import dev.temper.storage.Store;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** What is asked of any location that a user names. */
public final class Locations {
    private Locations() {}

    /**
     * What was given as a location can be one: nothing at all would be the working directory.
     *
     * @param key or option, or what an argument is called
     */
    public static void verifyGiven(String key, String location) {
        check(!location.isBlank(), "%s is empty; name a location", key);
        Secrets.refuse(key, location);
    }

    /** @throws dev.temper.check.InvalidInputException naming the key, when there is no folder */
    public static void verifyFolder(Store store, String key, String location) {
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
    public static void verifyModel(Store store, String key, String location) throws IOException {
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

    /** @throws dev.temper.check.InvalidInputException naming the key, when the store cannot be asked */
    public static Optional<Store.Entry> find(Store store, String key, String location) {
        try {
            return store.find(location);
        } catch (IOException | RuntimeException e) {
            throw invalid("%s: %s cannot be reached: %s", key, location, HadoopStore.reason(e));
        }
    }

    public static boolean isInside(String location, String folder) {
        return (location + "/").startsWith(folder.endsWith("/") ? folder : folder + "/");
    }

    /** The last part of a location: the path before it is nobody's business. */
    public static String lastName(String location) {
        String path = location.replaceAll("[/\\\\]+$", "");
        return path.replaceAll(".*[/\\\\]", "");
    }
}
