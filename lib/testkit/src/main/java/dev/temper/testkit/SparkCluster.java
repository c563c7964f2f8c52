package dev.temper.testkit;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A standalone Spark cluster on the loopback interface: master, workers and executors are processes that run from jar
 * files, without a Spark distribution. Needs Linux. The processes get the {@code --add-opens} options of this JVM.
 */
public final class SparkCluster implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration JOB_LIMIT = Duration.ofMinutes(10);
    // These processes live for seconds: with full optimization half of their time would be compilation.
    private static final List<String> QUICK = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    private static final String MASTER_MAIN = "org.apache.spark.deploy.master.Master";
    private static final String WORKER_MAIN = "org.apache.spark.deploy.worker.Worker";
    private static final String SUBMIT_MAIN = "org.apache.spark.deploy.SparkSubmit";
    private static final Pattern MASTER = Pattern.compile("Starting Spark master at (spark://\\S+)");
    private static final Pattern WEB = Pattern.compile("MasterWebUI.* started at (http://\\S+)");
    private static final String LOGGING =
            """
            rootLogger.level = info
            rootLogger.appenderRef.out.ref = out
            appender.out.type = Console
            appender.out.name = out
            appender.out.target = SYSTEM_ERR
            appender.out.layout.type = PatternLayout
            appender.out.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
            """;

    /**
     * Resources of the cluster.
     *
     * @param jars Spark and its dependencies, as they are in {@code SPARK_HOME/jars}; further jars do no harm
     * @param cores per worker
     * @param memoryMegabytes per worker, for executors
     */
    public record Size(List<Path> jars, int workers, int cores, int memoryMegabytes) {
        public Size {
            jars = List.copyOf(jars);
        }

        /** Workers with one core and 2 GB each. */
        public static Size ofWorkers(int workers, List<Path> jars) {
            return new Size(jars, workers, 1, 2048);
        }
    }

    private final Path folder;
    private final List<ChildProcess> processes = new ArrayList<>();
    private final List<ChildProcess> workers = new ArrayList<>();
    private String masterUrl = "";
    private int submissions;

    private SparkCluster(Path folder) {
        this.folder = folder;
    }

    /** Starts a cluster, and returns when all workers are registered with the master. */
    public static SparkCluster start(Size size) throws IOException, InterruptedException {
        return start(size, List.of());
    }

    /** @param before prefix of a worker's command, such as {@link MountNamespace#before} */
    public static SparkCluster start(Size size, List<String> before) throws IOException, InterruptedException {
        SparkCluster cluster = new SparkCluster(Files.createTempDirectory("spark-cluster"));
        try {
            cluster.linkJars(size.jars());
            cluster.startAll(size, before);
            return cluster;
        } catch (IOException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    public String masterUrl() {
        return masterUrl;
    }

    /**
     * JVM options for {@code --driver-java-options} in cluster mode, where Spark does not add {@code --add-opens}
     * itself.
     */
    public static String driverOptions() {
        return String.join(" ", opens()) + " " + String.join(" ", QUICK);
    }

    /** A folder that can be used as {@code SPARK_HOME}; it has no scripts. */
    public Path home() {
        return folder.resolve("home");
    }

    /** Runs {@code spark-submit} on this cluster until it ends, for at most ten minutes. */
    public ChildProcess.Result submit(List<String> arguments, Map<String, String> environment)
            throws IOException, InterruptedException {
        try (ChildProcess submission = startSubmit(arguments, environment)) {
            return submission.await(JOB_LIMIT);
        }
    }

    /** Starts {@code spark-submit} without waiting for it; the caller closes the process. */
    public ChildProcess startSubmit(List<String> arguments, Map<String, String> environment) throws IOException {
        List<String> all = new ArrayList<>(List.of("--master", masterUrl, "--conf", "spark.ui.enabled=false"));
        all.addAll(List.of("--conf", "spark.executor.extraJavaOptions=" + String.join(" ", QUICK)));
        all.addAll(arguments);
        submissions++;
        return start("submit-" + submissions, List.of(), java("1g", SUBMIT_MAIN, all), environment);
    }

    /** Process ids of the running executors. */
    public List<Long> executorIds() {
        return startedByWorkers("CoarseGrainedExecutorBackend");
    }

    /** Process ids of the drivers that run on the cluster. */
    public List<Long> driverIds() {
        return startedByWorkers("DriverWrapper");
    }

    private List<Long> startedByWorkers(String main) {
        return workers.stream()
                .flatMap(worker -> worker.handle().children())
                .map(ProcessHandle::pid)
                .filter(id -> isRunning(id, main))
                .toList();
    }

    /** Standard error of all executors so far. */
    public String executorOutput() throws IOException {
        StringBuilder output = new StringBuilder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(path -> path.endsWith("stderr")).sorted().toList()) {
                output.append(Files.readString(file, StandardCharsets.UTF_8));
            }
        }
        return output.toString();
    }

    /** Kills an executor without warning, as when a machine fails. */
    public void killExecutor(long id) {
        ProcessHandle.of(id).orElseThrow().destroyForcibly();
    }

    /** Kills all processes and deletes all files. */
    @Override
    public void close() throws IOException {
        for (int i = processes.size() - 1; i >= 0; i--) {
            processes.get(i).close();
        }
        Scratch.delete(folder);
    }

    private void linkJars(List<Path> jars) throws IOException {
        Path target = Files.createDirectories(home().resolve("jars"));
        for (Path jar : jars) {
            Path link = target.resolve(String.valueOf(jar.getFileName()));
            if (!Files.exists(link)) {
                Files.createSymbolicLink(link, jar.toAbsolutePath());
            }
        }
        Path conf = Files.createDirectories(home().resolve("conf"));
        Files.writeString(conf.resolve("log4j2.properties"), LOGGING, StandardCharsets.UTF_8);
    }

    private void startAll(Size size, List<String> before) throws IOException, InterruptedException {
        List<String> address = List.of("--host", "127.0.0.1", "--port", "0", "--webui-port", "0");
        ChildProcess master = start("master", List.of(), java("256m", MASTER_MAIN, address), Map.of());
        processes.add(master);
        masterUrl = master.awaitOutput(MASTER, START_LIMIT);
        String web = master.awaitOutput(WEB, START_LIMIT);
        for (int i = 0; i < size.workers(); i++) {
            List<String> arguments = new ArrayList<>(address);
            arguments.addAll(List.of("--cores", String.valueOf(size.cores())));
            arguments.addAll(List.of("--memory", size.memoryMegabytes() + "m"));
            arguments.addAll(List.of("--work-dir", folder.resolve("work-" + i).toString(), masterUrl));
            ChildProcess worker = start("worker-" + i, before, java("256m", WORKER_MAIN, arguments), Map.of());
            processes.add(worker);
            workers.add(worker);
        }
        Pattern alive = Pattern.compile("\"aliveworkers\"\\s*:\\s*" + size.workers() + "\\b");
        HttpClient client = HttpClient.newHttpClient();
        for (ChildProcess worker : workers) {
            worker.awaitUntil(
                    "all workers are registered", START_LIMIT, () -> alive.matcher(page(client, web + "/json/"))
                            .find());
        }
    }

    private List<String> java(String heap, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(ChildProcess.java(), "-Xmx" + heap));
        command.addAll(opens());
        command.addAll(QUICK);
        command.add("-Dlog4j2.configurationFile=" + home().resolve("conf").resolve("log4j2.properties"));
        command.addAll(List.of("-cp", home().resolve("jars") + "/*", mainClass));
        command.addAll(arguments);
        return command;
    }

    private ChildProcess start(String name, List<String> before, List<String> java, Map<String, String> environment)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(java);
        Map<String, String> all = new TreeMap<>();
        all.put("SPARK_HOME", home().toString());
        all.put("SPARK_SCALA_VERSION", "2.12");
        all.put("SPARK_LOCAL_IP", "127.0.0.1");
        all.put("SPARK_LOCAL_DIRS", folder.resolve("local").toString());
        all.putAll(environment);
        return ChildProcess.start(command, all, folder.resolve(name + ".log"));
    }

    private static List<String> opens() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .toList();
    }

    private static String page(HttpClient client, String address) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(address))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            return client.send(request, BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return ""; // not listening yet, or busy: the caller retries until its deadline
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static boolean isRunning(long id, String main) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(id), "cmdline"), StandardCharsets.ISO_8859_1)
                    .contains(main);
        } catch (IOException e) {
            return false; // it has ended in the meantime
        }
    }
}
