package dev.temper.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Which build this is. */
public final class RunVersion {
    private RunVersion() {}

    /** Version, then commit; {@code unknown} when it was not built from a git folder. */
    public static List<String> parts() throws IOException {
        try (InputStream in = RunVersion.class.getResourceAsStream("version.txt")) {
            String[] parts = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .split(" ");
            return List.of(parts[0], parts[1].startsWith("$") ? "unknown" : parts[1]);
        }
    }
}
