package dev.temper.jobs;

import dev.temper.testkit.ChildProcess;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Temper as processes of its own, without a cluster.
 *
 * @param folder for logs, temporary files and what tells that {@link StalledFileSystem} waits
 * @param stalled path of the files that do not answer under {@code stalled:}, a regular expression
 */
record TemperProcess(Path folder, String stalled) {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final List<String> QUICK = List.of("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    ChildProcess start(List<String> arguments) throws IOException {
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        // A shell's background jobs, and what they start, ignore Ctrl-C, unless told otherwise.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT", ChildProcess.java()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .toList());
        command.addAll(QUICK);
        command.add("-Djava.io.tmpdir=" + temporary);
        command.add("-XX:ErrorFile=" + folder.resolve("crash.log"));
        Path logging = Path.of(System.getProperty("temper.root"), "deploy", "log4j2.properties");
        command.add("-Dlog4j2.configurationFile=" + logging.toUri());
        command.add("-Dspark.hadoop.fs.stalled.impl=" + StalledFileSystem.class.getName());
        command.add("-Dspark.hadoop.fs.stalled.files=" + stalled);
        command.add("-Dspark.hadoop.fs.stalled.marker=" + marker());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Temper.class.getName()));
        command.addAll(arguments);
        Path log = Files.createTempFile(folder, "temper-", ".log");
        // Threads that spin would wait for each other where other processes compute.
        Map<String, String> environment = Map.of("TEMPER_COMMAND", "deploy/temper ", "OMP_WAIT_POLICY", "PASSIVE");
        return ChildProcess.start(command, environment, log);
    }

    ChildProcess.Result run(List<String> arguments) throws IOException, InterruptedException {
        try (ChildProcess process = start(arguments)) {
            return process.await(LIMIT);
        }
    }

    /** Signals it when it has printed a line that matches, and waits for its end. */
    ChildProcess.Result interrupt(String signal, String line, List<String> arguments)
            throws IOException, InterruptedException {
        try (ChildProcess process = start(arguments)) {
            process.awaitOutput(Pattern.compile("(" + line + ")"), LIMIT);
            process.signal(signal);
            return process.await(LIMIT);
        }
    }

    /** Signals it when a file does not answer, and waits for its end. */
    ChildProcess.Result interruptStalled(String signal, List<String> arguments)
            throws IOException, InterruptedException {
        try (ChildProcess process = start(arguments)) {
            process.awaitUntil("a store stalls", LIMIT, () -> Files.exists(marker()));
            process.signal(signal);
            return process.await(LIMIT);
        }
    }

    private Path marker() {
        return folder.resolve("stalled");
    }

    /** What processes have left in their temporary folder, and reports of crashes. */
    List<String> leftovers() throws IOException {
        try (Stream<Path> temporary = Files.list(folder.resolve("tmp"));
                Stream<Path> crashes = Files.list(folder).filter(file -> file.endsWith("crash.log"))) {
            return Stream.concat(temporary, crashes)
                    .map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.startsWith("hsperfdata"))
                    .sorted()
                    .collect(Collectors.toList());
        }
    }
}
