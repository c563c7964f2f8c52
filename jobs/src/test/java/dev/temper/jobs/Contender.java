package dev.temper.jobs;

import dev.temper.storage.Folder;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A {@link ContenderMain} as a process of its own. */
final class Contender implements AutoCloseable {
    private static final Path CLOCK = Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
    private static final List<String> OTHER_MACHINE = List.of("unshare", "--pid", "--fork", "--mount-proc");

    private final Process process;
    private final BufferedReader answers;
    private final PrintStream orders;
    private final Instant clock;

    private Contender(Process process) throws IOException {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.clock = Instant.parse(answer());
    }

    /** @param options of the JVM */
    static Contender start(Path log, Map<String, String> options) throws IOException {
        return new Contender(builder(List.of(), log, options).start());
    }

    /** One whose clock is an hour ahead, where Debian's libfaketime is installed. */
    static Contender startAhead(Path log, Map<String, String> options) throws IOException {
        ProcessBuilder builder = builder(List.of(), log, options);
        if (Files.exists(CLOCK)) {
            builder.environment().put("LD_PRELOAD", CLOCK.toString());
            builder.environment().put("FAKETIME", "+1h");
            builder.environment().put("DONT_FAKE_MONOTONIC", "1");
            builder.environment().put("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        return new Contender(builder.start());
    }

    /** One that sees no process but its own, as on another machine, where the kernel lets us. */
    static Contender startElsewhere(Path log, Map<String, String> options) throws IOException, InterruptedException {
        List<String> probe = new ArrayList<>(OTHER_MACHINE);
        probe.add("true");
        boolean isAllowed = new ProcessBuilder(probe)
                        .redirectErrorStream(true)
                        .redirectOutput(new File("/dev/null"))
                        .start()
                        .waitFor()
                == 0;
        return new Contender(
                builder(isAllowed ? OTHER_MACHINE : List.of(), log, options).start());
    }

    private static ProcessBuilder builder(List<String> prefix, Path log, Map<String, String> options) {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        options.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ContenderMain.class.getName()));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    }

    /** What its clock said when it started. */
    Instant clock() {
        return clock;
    }

    void order(String... words) {
        orders.println(String.join("\t", words));
    }

    String answer() throws IOException {
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("the contender ended");
        }
        return answer;
    }

    /** Waits for a file that its order writes. */
    void await(Folder folder, String file) throws IOException {
        while (!folder.has(file)) {
            boolean isOver = answers.ready() || !process.isAlive();
            if (isOver && !folder.has(file)) {
                throw new AssertionError("there is no " + file + ", and the contender said: " + answer());
            }
        }
    }

    /** Waits for its end by itself. */
    int end() throws InterruptedException {
        return process.waitFor();
    }

    /** As a failing machine would end it: without warning. */
    void kill() throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }

    /** Ctrl-C, or a cluster's scheduler. */
    int terminate() throws InterruptedException {
        process.toHandle().destroy(); // leaves its standard input open
        return process.waitFor();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
