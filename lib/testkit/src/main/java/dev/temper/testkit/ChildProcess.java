package dev.temper.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A process whose output (both streams together) goes to a file; closing it ends it with all that it started. */
public final class ChildProcess implements AutoCloseable {
    private static final long POLL_MILLIS = 50;
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int SHOWN_CHARACTERS = 4000;

    /** How a process ended, and all that it printed. */
    public record Result(int exitCode, String output) {}

    private final Process process;
    private final Path log;

    private ChildProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts a command; {@code environment} is set in addition to this process's, without its SPARK_ and HADOOP_. */
    public static ChildProcess start(List<String> command, Map<String, String> environment, Path log)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(log.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("HADOOP_"));
        builder.environment().putAll(environment);
        return new ChildProcess(builder.start(), log);
    }

    /** The {@code java} that runs this process. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    public long pid() {
        return process.pid();
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** What it has printed so far. */
    public String output() {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends it a signal, such as {@code TERM} or {@code INT}. */
    public void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid()).start().waitFor();
    }

    /** Waits until the process ends by itself. */
    public Result await(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("still running after " + limit + ":\n" + lastOutput());
        }
        return new Result(process.exitValue(), output());
    }

    /** Waits until the condition holds; fails at once when the process ends before. */
    public void awaitUntil(String what, Duration limit, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        "exit code " + process.exitValue() + " before " + what + ":\n" + lastOutput());
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("not after " + limit + ": " + what + "\n" + lastOutput());
            }
        }
    }

    /** Waits until the output matches and returns the first group. */
    public String awaitOutput(Pattern pattern, Duration limit) throws InterruptedException {
        awaitUntil("printing " + pattern, limit, () -> pattern.matcher(output()).find());
        Matcher matcher = pattern.matcher(output());
        if (!matcher.find()) {
            throw new IllegalStateException("output shrank: " + log);
        }
        return matcher.group(1);
    }

    /** Asks it to end, and ends it and its descendants by force after ten seconds. */
    @Override
    public void close() {
        List<ProcessHandle> descendants;
        try (Stream<ProcessHandle> all = process.descendants()) {
            descendants = all.toList();
        }
        process.destroy();
        try {
            process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        descendants.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private String lastOutput() {
        String output = output();
        return output.substring(Math.max(0, output.length() - SHOWN_CHARACTERS));
    }
}
