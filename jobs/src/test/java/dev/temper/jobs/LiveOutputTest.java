package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.jobs.WatchedFileSystem.Change;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What there is of a run while it goes on. {@link KilledRunTest} has that it does not matter when it is killed. */
@Tag("spark")
final class LiveOutputTest {
    @TempDir
    private Path folder;

    /** What lay in the output whenever the report had been written. */
    private record Seen(String report, String scores, String generations, String metrics) {}

    private final List<Seen> seen = new ArrayList<>();
    private Path recipe;
    private Path output;

    @BeforeEach
    void write() throws IOException {
        System.setProperty(WatchedFileSystem.PROPERTY, WatchedFileSystem.class.getName());
        recipe = KilledSetup.write(folder);
        output = folder.resolve("output");
        WatchedFileSystem.watch(this::remember);
    }

    @AfterEach
    void forget() {
        WatchedFileSystem.watch((change, path) -> {});
        System.clearProperty(WatchedFileSystem.PROPERTY);
    }

    private void remember(Change change, Path path) throws IOException {
        if (change == Change.CREATED && path.equals(output.resolve("report.html"))) {
            Path copy = Files.createDirectories(folder.resolve("seen/" + seen.size() + "/metrics"));
            try (Stream<Path> parts = Files.list(output.resolve("metrics"))) {
                for (Path part : parts.toList()) {
                    Files.copy(part, copy.resolve(part.getFileName()));
                }
            }
            seen.add(new Seen(
                    Files.readString(path),
                    text("evaluation/scores.csv"),
                    text("evaluation/generations.csv"),
                    copy.toString()));
        }
    }

    private String text(String name) throws IOException {
        Path file = output.resolve(name);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    @Test
    void tablesAndReportAreThereFromTheFirstEvaluationOn() throws Exception {
        Ended ended =
                KilledSetup.run(recipe, "watched:" + output, "training.eval_steps=1", "training.save_strategy=no");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(seen).extracting(Seen::report).hasSize(4);
        for (int step = 0; step < 3; step++) {
            Seen then = seen.get(step);
            assertThat(then.report())
                    .contains(
                            "under way: update " + step + " of 3 (" + 100 * step / 3 + " %); written on ",
                            "http-equiv=\"refresh\"",
                            "<h2>Metrics</h2>",
                            "<h2>Answers</h2>",
                            "data:image/png")
                    .contains("learning rate", "0.01, linear", "SHA-256 ");
            assertThat(then.scores().lines().skip(1).map(line -> line.split(",")[0]))
                    .contains("0", "" + step)
                    .doesNotContain("" + (step + 1));
            assertThat(then.generations()).contains("Date");
        }
        assertThat(seen.get(3).report()).contains("finished; all updates done").doesNotContain("under way", "refresh");
        Map<String, Map<String, Double>> metrics =
                RunResult.metrics(seen.stream().map(Seen::metrics).toList());
        assertThat(metrics.get("0").keySet()).contains("0 eval/loss").allMatch(name -> name.startsWith("0 "));
        assertThat(metrics.get("2")).containsKeys("0 eval/loss", "2 train/loss", "2 eval/loss");
        assertThat(metrics.get("3")).containsAllEntriesOf(metrics.get("2"));
    }

    @Test
    void aRunThatEvaluatesNothingShowsItselfAtCheckpoints() throws Exception {
        Ended ended = KilledSetup.run(
                recipe, "watched:" + output, "data.eval_fraction=0", "training.save_steps=2", "generation.prompts=[]");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(seen).hasSize(3);
        assertThat(seen.get(0).report()).contains("under way: update 0 of 3").doesNotContain("<h2>Metrics</h2>");
        assertThat(seen.get(1).report())
                .contains("under way: update 2 of 3", "in update 1, ", "of training: there are no evaluation rows");
        assertThat(seen.get(2).report()).contains("finished;", "none: nothing was evaluated");
    }

    @Test
    void aRunThatGoesOnShowsWhatItHadMeasured() throws Exception {
        WatchedFileSystem.watch((change, path) -> {
            remember(change, path);
            if (path.endsWith("checkpoints/step-00000002/MANIFEST.json")) {
                throw new IOException("the disk is full");
            }
        });
        assertThat(KilledSetup.run(recipe, "watched:" + output, "training.eval_steps=1")
                        .code())
                .isEqualTo(1);
        seen.clear();
        new ProcessBuilder("rm", "-r", folder.resolve("seen").toString())
                .start()
                .waitFor();
        WatchedFileSystem.watch(this::remember);

        Ended ended = KilledSetup.run(recipe, "watched:" + output, "training.eval_steps=1");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.out()).contains("continues after step 1");
        assertThat(seen.get(0).report()).contains("under way: update 1 of 3");
        assertThat(seen.get(0).scores()).contains("\n0,loss,", "\n1,loss,").doesNotContain("\n2,loss,");
    }
}
