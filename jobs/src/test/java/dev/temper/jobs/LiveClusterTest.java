package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.ChildProcess;
import dev.temper.testkit.Jars;
import dev.temper.testkit.S3Endpoint;
import dev.temper.testkit.SparkCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tables and report of a run of two workers on executors, as somebody sees them who looks again and again: on a disk,
 * and in an object store.
 */
@Tag("spark")
final class LiveClusterTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String BUCKET = "bucket";
    private static final Pattern UNDER_WAY = Pattern.compile("under way: update (\\d+) of 60");
    private static final String READ = "report\\.html|metrics/.*|evaluation/.*|rejected/.*|run\\.yaml|manifest\\.json";

    @TempDir
    private static Path folder;

    private static Path disk;
    private static Jars jars;
    private static SparkCluster cluster;
    private static S3Endpoint s3;

    /** Where the output is. */
    private enum Place {
        DISK {
            @Override
            String root() {
                return disk.toString();
            }

            /** As {@code ls} and Spark list: hidden files are not there. */
            @Override
            List<String> list(String output) throws IOException {
                List<String> files = new ArrayList<>();
                for (Path part : List.of(
                        Path.of(""),
                        Path.of("metrics"),
                        Path.of("rejected"),
                        Path.of("evaluation"),
                        Path.of("evaluation/scores"),
                        Path.of("evaluation/generations"))) {
                    Path listed = disk.resolve(output).resolve(part);
                    if (Files.isDirectory(listed)) {
                        try (Stream<Path> found = Files.list(listed)) {
                            found.map(file -> part.resolve(file.getFileName()).toString())
                                    .filter(file -> !file.contains("/.") && file.contains("."))
                                    .forEach(files::add);
                        }
                    }
                }
                return files;
            }

            @Override
            byte[] read(String output, String file) throws IOException {
                return Files.readAllBytes(disk.resolve(output).resolve(file));
            }
        },
        STORE {
            @Override
            String root() {
                return "s3a://" + BUCKET;
            }

            @Override
            List<String> list(String output) throws IOException, InterruptedException {
                return s3.list(BUCKET).stream()
                        .filter(key -> key.startsWith(output + "/"))
                        .map(key -> key.substring(output.length() + 1))
                        .toList();
            }

            @Override
            byte[] read(String output, String file) throws IOException, InterruptedException {
                return s3.read("/" + BUCKET + "/" + output + "/" + file);
            }
        };

        abstract String root();

        abstract List<String> list(String output) throws IOException, InterruptedException;

        abstract byte[] read(String output, String file) throws IOException, InterruptedException;
    }

    /** Who looks, from another thread than the one that is tested. */
    private static final class Reader {
        private final Place place;
        private final String output;
        private final Map<String, Set<String>> seen = new TreeMap<>();

        Reader(Place place, String output) {
            this.place = place;
            this.output = output;
        }

        /** Every file that is listed can be read, and is whole. Answers with the last update that a report stood at. */
        int look() {
            try {
                for (String file : place.list(output)) {
                    if (file.matches(READ)) {
                        byte[] content = place.read(output, file);
                        assertThat(isWhole(file, content))
                                .as("%s of %d bytes", file, content.length)
                                .isTrue();
                        seen.computeIfAbsent(file, name -> new LinkedHashSet<>())
                                .add(new String(content, StandardCharsets.UTF_8));
                    }
                }
            } catch (IOException e) {
                throw new AssertionError("a listed file cannot be read", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return updates(this).stream().mapToInt(Integer::intValue).max().orElse(-1);
        }

        private static boolean isWhole(String file, byte[] content) {
            String text = new String(content, StandardCharsets.UTF_8);
            if (file.endsWith(".parquet")) {
                int footer =
                        ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getInt(content.length - 8);
                return text.startsWith("PAR1") && text.endsWith("PAR1") && footer > 0 && footer < content.length;
            }
            return switch (file.substring(file.lastIndexOf('.'))) {
                case ".html" -> text.startsWith("<!DOCTYPE html>") && text.endsWith("</html>\n");
                case ".json" -> text.startsWith("{") && text.endsWith("}\n");
                default -> text.endsWith("\n");
            };
        }

        /** Versions of a text, in the order in which they were seen. */
        List<String> texts(String file) {
            return List.copyOf(seen.getOrDefault(file, Set.of()));
        }
    }

    @BeforeAll
    static void start() throws Exception {
        disk = Files.createDirectory(folder.resolve("disk"));
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
        s3 = S3Endpoint.start();
        s3.createBucket(BUCKET);
        jars = Jars.ofClassPath(folder);
        cluster = SparkCluster.start(SparkCluster.Size.ofWorkers(2, jars.spark()));
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
    void whoLooksSeesWholeFilesAndAnInterruptedRunHasTheSameTables(Place place) throws Exception {
        Reader whole = new Reader(place, "whole");
        assertThat(run(whole, false)).isZero();
        Reader begun = new Reader(place, "interrupted");
        assertThat(run(begun, true)).isEqualTo(75);
        Reader ended = new Reader(place, "interrupted");
        assertThat(run(ended, false)).isZero();

        for (Reader reader : List.of(whole, begun)) {
            assertThat(updates(reader)).hasSizeGreaterThan(1).allMatch(update -> update % 10 == 0);
            assertThat(reader.texts("evaluation/scores.csv")).allMatch(table -> table.contains("\n0,loss,"));
            assertThat(reader.texts("evaluation/generations.csv")).isNotEmpty();
        }
        assertThat(whole.texts("report.html")).last().asString().contains("finished; all updates done");
        assertThat(begun.texts("report.html")).noneMatch(page -> page.contains("finished;"));
        assertThat(updates(ended)).allMatch(update -> update >= 10);
        assertThat(tables(place, "interrupted"))
                .isEqualTo(tables(place, "whole"))
                .hasSizeGreaterThan(10);
    }

    /** The numbers of the updates that reports stood at. */
    private static List<Integer> updates(Reader reader) {
        return reader.texts("report.html").stream()
                .flatMap(page -> UNDER_WAY.matcher(page).results())
                .map(found -> Integer.valueOf(found.group(1)))
                .distinct()
                .toList();
    }

    /** Files of the evaluation with their bytes, and metrics without speeds, by step and name. */
    private static Map<String, Object> tables(Place place, String output) throws Exception {
        Map<String, Object> tables = new TreeMap<>();
        List<Path> parts = new ArrayList<>();
        for (String file : place.list(output)) {
            if (file.matches("(evaluation|rejected)/.*")) {
                tables.put(file, Arrays.hashCode(place.read(output, file)));
            } else if (file.startsWith("metrics/")) {
                Path copy = folder.resolve("copies/" + place + "/" + output).resolve(file);
                Files.createDirectories(copy.getParent());
                parts.add(Files.write(copy, place.read(output, file)));
            }
        }
        RunResult.metrics(parts.stream()
                        .map(part -> part.getParent().toString())
                        .distinct()
                        .toList())
                .values()
                .forEach(tables::putAll);
        return tables;
    }

    private static boolean isOver(ChildProcess process) throws Exception {
        try {
            process.handle().onExit().get(50, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** Runs it while somebody looks. */
    private static int run(Reader reader, boolean isInterrupted) throws Exception {
        List<String> options = new ArrayList<>(List.of("--total-executor-cores", "2", "--executor-cores", "1"));
        s3.sparkOptions().forEach((key, value) -> options.addAll(List.of("--conf", key + "=" + value)));
        List<String> command =
                new ArrayList<>(List.of("run", folder.resolve("small.yaml").toString()));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=" + folder.resolve("train.csv"));
        command.add("data.eval=" + folder.resolve("eval.csv"));
        command.addAll(List.of("training.max_steps=60", "training.eval_steps=10", "training.save_steps=10"));
        command.addAll(List.of("training.save_strategy=steps", "cluster.workers=2"));
        command.add("output=" + reader.place.root() + "/" + reader.output);
        try (ChildProcess process = cluster.startSubmit(SmallRun.arguments(jars, options, command), Map.of())) {
            if (isInterrupted) {
                process.awaitUntil("the report says update 10", LIMIT, () -> reader.look() >= 10);
                process.signal("TERM");
            }
            while (!isOver(process)) {
                reader.look();
            }
            reader.look();
            ChildProcess.Result result = process.await(LIMIT);
            assertThat(SmallRun.complaints(result.output())).as(result.output()).hasSize(isInterrupted ? 1 : 0);
            return result.exitCode();
        }
    }
}
