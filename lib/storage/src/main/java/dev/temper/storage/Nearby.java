package dev.temper.storage;

import dev.temper.check.Check;
import java.io.IOException;
import java.util.Optional;

/** Finds an existing file with a similar name, for the message about a location that does not exist. */
public final class Nearby {
    private Nearby() {}

    /** The suggestion as part of a sentence, {@code " (models/base?)"}, or an empty text. */
    public static String hint(Store store, String location) {
        return of(store, location).map(near -> " (" + near + "?)").orElse("");
    }

    private static Optional<String> of(Store store, String location) {
        String path = location.replaceAll("/+$", "");
        int slash = path.lastIndexOf('/');
        String name = path.substring(slash + 1);
        try {
            return Check.nearest(
                            name,
                            store.list(slash < 0 ? "." : path.substring(0, Math.max(1, slash))).stream()
                                    .map(Store.Entry::name)
                                    .toList(),
                            Math.max(1, name.length() / 3))
                    .map(near -> path.substring(0, slash + 1) + near);
        } catch (IOException | RuntimeException e) {
            return Optional.empty(); // without a suggestion
        }
    }
}
