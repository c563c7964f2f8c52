package dev.temper.storage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The process that takes or asks for a lease, as it describes itself to others.
 *
 * @param machine boot id, process-id namespace and user. Processes with equal values can check whether the other is
 *     alive; empty where that is unknown
 * @param process process id and start time; no other process on that machine ever has the same
 * @param text description for people
 */
record Claimant(String machine, String process, String text) {
    private static final Path PROC = Path.of("/proc");
    private static final String RANDOM = hex(8); // id of a process where there is no /proc
    // field 22 of proc(5), counted from the state: start time in clock ticks since boot
    private static final int START = 19;
    private static final Claimant HERE = find();

    /** Whether the process that wrote a claim is alive, as far as this process can tell at once. */
    enum Life {
        LIVES,
        ENDED,
        UNKNOWN
    }

    static Claimant here() {
        return HERE;
    }

    /** The first part of the ids of all claims of this process. */
    String prefix() {
        return (machine.isEmpty() ? "0" : machine) + "-" + process + "-";
    }

    /** Whether the process that wrote a claim of this id is alive. */
    Life lifeOf(String claim) {
        String[] parts = claim.split("-");
        if (machine.isEmpty() || parts.length != 3 || !parts[0].equals(machine)) {
            return Life.UNKNOWN;
        }
        try {
            return running(parts[1].replaceAll("\\..*", ""))
                            .filter(parts[1]::equals)
                            .isPresent()
                    ? Life.LIVES
                    : Life.ENDED;
        } catch (IOException e) {
            return Life.UNKNOWN;
        }
    }

    private static Claimant find() {
        String id = Long.toString(ProcessHandle.current().pid());
        String text = "%s on %s (process %s, since %s)"
                .formatted(
                        System.getProperty("user.name", "somebody"),
                        host(),
                        id,
                        Instant.now().truncatedTo(ChronoUnit.SECONDS));
        try {
            String self = Files.readSymbolicLink(PROC.resolve("self")).toString();
            Optional<String> process = running(self);
            if (!self.equals(id) || process.isEmpty()) { // /proc belongs to another namespace
                return new Claimant("", RANDOM, text);
            }
            String machine = Files.readString(PROC.resolve("sys/kernel/random/boot_id"))
                    + Files.readSymbolicLink(PROC.resolve("self/ns/pid"))
                    + Files.getAttribute(PROC.resolve("self"), "unix:uid"); // /proc may hide other users' processes
            return new Claimant(Hashes.sha256(machine).substring(0, 8), process.get(), text);
        } catch (IOException | UnsupportedOperationException e) {
            return new Claimant("", RANDOM, text);
        }
    }

    /** Process id and start time of a running process; empty for one that has ended, zombies included. */
    private static Optional<String> running(String id) throws IOException {
        try {
            String stat = Files.readString(PROC.resolve(id).resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            boolean hasEnded = fields[0].equals("Z") || fields[0].equals("X");
            return hasEnded ? Optional.empty() : Optional.of(id + "." + fields[START]);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static String host() {
        try {
            return Files.readString(PROC.resolve("sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("an unknown machine");
        }
    }

    static String hex(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
