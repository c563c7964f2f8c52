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

/** A process whose standard output and standard error go to one file. Closing it kills it and its descendants. */
public final class ChildProcess implements AutoCloseable {
    private static final long POLL_MILLIS = 50;
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int SHOWN_CHARACTERS = 4000;

    /** Exit code and complete output of a process. */
    public record Result(int exitCode, String output) {}

    private final Process process;
    private final Path log;

    private ChildProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Starts a command. Variables in {@code environment} are added to this process's environment, without its SPARK_
     * and HADOOP_ variables.
     */
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

    /** Path of the {@code java} that runs this process. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    public long pid() {
        return process.pid();
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** The output so far. */
    public String output() {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a signal to the process, such as {@code TERM} or {@code INT}. */
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

    /** Waits until a condition holds; fails at once when the process ends first. */
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

    /** Waits until the output matches, and returns the first group of the match. */
    public String awaitOutput(Pattern pattern, Duration limit) throws InterruptedException {
        awaitUntil("printing " + pattern, limit, () -> pattern.matcher(output()).find());
        Matcher matcher = pattern.matcher(output());
        if (!matcher.find()) {
            throw new IllegalStateException("output shrank: " + log);
        }
        return matcher.group(1);
    }

    /** Terminates the process, and kills it and its descendants if they have not ended after ten seconds. */
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
