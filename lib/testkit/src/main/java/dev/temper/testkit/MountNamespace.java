package dev.temper.testkit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs commands in a mount namespace of their own, to simulate a machine with other disks. Needs Linux. */
public final class MountNamespace {
    private static final List<List<String>> WAYS = List.of(
            List.of("unshare", "--mount"), // of root
            List.of("unshare", "--map-root-user", "--mount"));

    private MountNamespace() {}

    /** Why this machine does not allow it; empty if it does. */
    public static Optional<String> refusal() throws IOException, InterruptedException {
        return way().isPresent()
                ? Optional.empty()
                : Optional.of("the kernel allows this user no mount namespaces: 'unshare --mount' fails");
    }

    /**
     * The prefix of a command.
     *
     * @param script shell script that runs first; {@code "$@"} in it is the command
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
