package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.S3Endpoint;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code temper preview} where executors prepare the rows: beside the output, and however it ends nothing stays there.
 * The output's parent is not there before, so that nothing of it may be there afterwards either.
 */
@Tag("spark")
final class PreviewClusterTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String BUCKET = "bucket";
    private static final int MANY = 60_000; // rows that take seconds, so that a signal comes in their midst

    @TempDir
    private static Path folder;

    private static Path disk;
    private static Jars jars;
    private static SparkCluster cluster;
    private static S3Endpoint s3;

    /** Where data and output are. */
    private enum Place {
        DISK {
            @Override
            String root() {
                return "file:" + disk;
            }

            @Override
            Map<String, Integer> files() throws IOException {
                Map<String, Integer> files = new TreeMap<>();
                try (Stream<Path> all = Files.walk(disk)) {
                    for (Path file : all.toList()) {
                        int content = Files.isRegularFile(file) ? Arrays.hashCode(Files.readAllBytes(file)) : 0;
                        files.put(disk.relativize(file).toString(), content);
                    }
                }
                return files;
            }

            @Override
            boolean hasScratch() {
                return Files.exists(disk.resolve("new/parent"));
            }
        },
        STORE {
            @Override
            String root() {
                return "s3a://" + BUCKET;
            }

            @Override
            Map<String, Integer> files() throws IOException, InterruptedException {
                Map<String, Integer> files = new TreeMap<>();
                for (String key : s3.list(BUCKET)) {
                    files.put(key, key.endsWith("/") ? 0 : Arrays.hashCode(s3.read("/" + BUCKET + "/" + key)));
                }
                return files;
            }

            @Override
            boolean hasScratch() {
                try {
                    return s3.list(BUCKET).stream().anyMatch(key -> key.startsWith("new/parent/out-preview-"));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return true;
                }
            }
        };

        abstract String root();

        /** All that lies there, with what stands for empty folders. */
        abstract Map<String, Integer> files() throws IOException, InterruptedException;

        abstract boolean hasScratch();
    }

    @BeforeAll
    static void start() throws Exception {
        disk = Files.createDirectory(folder.resolve("disk"));
        s3 = S3Endpoint.start();
        s3.createBucket(BUCKET);
        write("few.csv", new String(SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS), StandardCharsets.UTF_8));
        String many = IntStream.range(0, MANY)
                .mapToObj(
                        row -> "Date: the %d. of May %d ->,%d-05-%d\n".formatted(row % 28 + 1, row, row, row % 28 + 1))
                .collect(Collectors.joining("", "prompt,completion\n", ""));
        write("many.csv", many);
        write("broken.csv", many + "an open \"quote,in the last row\n\"here,x\n");
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()));
    }

    private static void write(String name, String text) throws Exception {
        Files.writeString(disk.resolve(name), text);
        s3.put("/" + BUCKET + "/" + name, text.getBytes(StandardCharsets.UTF_8));
    }

    @AfterAll
    static void end() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
        if (s3 != null) {
            s3.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsArePreparedBesideTheOutputAndGo(Place place) throws Exception {
        Map<String, Integer> before = place.files();

        ChildProcess.Result result = preview(place, List.of(), "few.csv", "--row", "2");

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output()).contains("row 2 of " + place.root() + "/few.csv: ", "44 rows = 44 trained");
        assertThat(place.files()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void nothingStaysOfRowsThatAreRefused(Place place) throws Exception {
        Map<String, Integer> before = place.files();

        ChildProcess.Result result = preview(place, List.of(), "broken.csv");

        assertThat(result.exitCode()).as(result.output()).isEqualTo(2);
        assertThat(SmallRun.complaints(result.output()))
                .singleElement()
                .asString()
                .contains("broken.csv");
        assertThat(place.files()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void nothingStaysWhenItIsInterrupted(Place place) throws Exception {
        Map<String, Integer> before = place.files();

        ChildProcess.Result result = preview(place, List.of("TERM"), "many.csv");

        assertThat(result.exitCode()).as(result.output()).isEqualTo(128 + 15);
        assertThat(SmallRun.complaints(result.output())).containsExactly("temper: interrupted");
        assertThat(place.files()).isEqualTo(before);
    }

    /** @param signals to send once rows are prepared */
    private static ChildProcess.Result preview(Place place, List<String> signals, String rows, String... more)
            throws Exception {
        List<String> options = new ArrayList<>();
        s3.sparkOptions().forEach((key, value) -> options.addAll(List.of("--conf", key + "=" + value)));
        List<String> command =
                new ArrayList<>(List.of("preview", folder.resolve("small.yaml").toString()));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=" + place.root() + "/" + rows);
        command.add("output=" + place.root() + "/new/parent/out");
        command.add("cluster.local_dir=" + folder.resolve("copies"));
        command.add("training.eval_strategy=no");
        command.addAll(List.of(more));
        try (ChildProcess process = cluster.startSubmit(SmallRun.arguments(jars, options, command), Map.of())) {
            process.awaitUntil("rows are prepared", LIMIT, place::hasScratch);
            for (String signal : signals) {
                process.signal(signal);
            }
            return process.await(LIMIT);
        }
    }
}
