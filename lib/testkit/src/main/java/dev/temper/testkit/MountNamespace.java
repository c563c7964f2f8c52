package dev.temper.testkit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Commands that see mounts of their own, which nobody else sees: as a machine with disks of its own. Needs Linux. */
public final class MountNamespace {
    private static final List<List<String>> WAYS = List.of(
            List.of("unshare", "--mount"), // of root
            List.of("unshare", "--map-root-user", "--mount"));

    private MountNamespace() {}

    /** Why this machine allows none; empty where it does. */
    public static Optional<String> refusal() throws IOException, InterruptedException {
        return way().isPresent()
                ? Optional.empty()
                : Optional.of("the kernel allows this user no mount namespaces: 'unshare --mount' fails");
    }

    /**
     * What to put before a command.
     *
     * @param script in the shell's language, run first; {@code "$@"} in it is the command
     */
    public static List<String> before(String script) throws IOException, InterruptedException {
        List<String> prefix = new ArrayList<>(way().orElseThrow());
        prefix.addAll(List.of("sh", "-e", "-c", script, "sh"));
        return prefix;
    }

    private static Optional<List<String>> way() throws IOException, InterruptedException {
        for (List<String> way : WAYS) {
            List<String> command = new ArrayList<>(way);
            command.addAll(List.of("mount", "-t", "tmpfs", "temper", "/mnt"));
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor() == 0) {
                return Optional.of(way);
            }
        }
        return Optional.empty();
    }
}
