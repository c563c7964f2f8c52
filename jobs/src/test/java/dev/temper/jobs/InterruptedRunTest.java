package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.safetensors.TensorFiles;
import dev.temper.testkit.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real signals to real processes, sent when a line or a file shows where they are. */
@Tag("spark")
final class InterruptedRunTest {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String TRAINS = "step \\d+/100";
    private static final String NOTHING = "";

    @TempDir
    private Path folder;

    @BeforeEach
    void writeRecipe() throws IOException {
        Files.writeString(folder.resolve("small.yaml"), SmallRun.RECIPE);
        Files.write(folder.resolve("train.csv"), SmallRun.rows("train.csv", SmallRun.TRAIN_ROWS));
        Files.write(folder.resolve("eval.csv"), SmallRun.rows("eval.csv", SmallRun.EVAL_ROWS));
    }

    private List<String> command(String name, String output, String... more) {
        List<String> command =
                new ArrayList<>(List.of(name, folder.resolve("small.yaml").toString()));
        command.add("model.base=" + SmallRun.BASE);
        command.add("data.train=" + folder.resolve("train.csv"));
        command.add("data.eval=" + folder.resolve("eval.csv"));
        command.add("training.max_steps=100"); // seconds, so that a signal comes in their midst
        command.add("training.eval_steps=50");
        command.add("output=" + folder.resolve(output));
        command.addAll(List.of(more));
        return command;
    }

    private TemperProcess temper(String stalled) {
        return new TemperProcess(folder, stalled);
    }

    @ParameterizedTest
    @CsvSource({"TERM, 1", "INT, 2"})
    void runGoesOnToTheSameBits(String signal, int workers) throws Exception {
        String[] settings = {"cluster.workers=" + workers, "name=it's"};
        ChildProcess.Result whole = temper(NOTHING).run(command("run", "whole", settings));
        assertThat(whole.exitCode()).as(whole.output()).isZero();
        List<String> leftByAny = temper(NOTHING).leftovers();
        List<String> command = command("run", "out", settings);

        ChildProcess.Result interrupted = temper(NOTHING).interrupt(signal, TRAINS, command);

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        assertThat(interrupted.output())
                .containsPattern("(?m)^interrupted: training ends with the update under way")
                .containsPattern("(?m)^temper: interrupted after update \\d+ of 100, a checkpoint is saved; to go on:"
                        + " deploy/temper run \\S+/small\\.yaml model\\.base=\\S+ .* 'name=it'\\\\''s'$");
        assertThat(SmallRun.complaints(interrupted.output())).hasSize(1);
        assertThat(temper(NOTHING).leftovers()).isEqualTo(leftByAny);
        List<String> itsOwn = List.of("run", folder.resolve("out/run.yaml").toString());
        assertThat(temper(NOTHING).run(workers == 1 ? command : itsOwn).output())
                .contains("continues after step ");
        assertSame("out", "whole");
        assertThat(temper(NOTHING).leftovers()).isEqualTo(leftByAny);
    }

    private void assertSame(String actual, String expected) throws Exception {
        WrittenRun run =
                new WrittenRun(WrittenRun.session(), folder.resolve(actual).toString());
        WrittenRun whole =
                new WrittenRun(WrittenRun.session(), folder.resolve(expected).toString());
        for (String name : List.of("train/loss", "train/grad_norm", "train/learning_rate", "eval/loss")) {
            assertThat(run.metric(name)).as(name).isEqualTo(whole.metric(name)).isNotEmpty();
        }
        assertThat(run.metric("eval/exact_match")).isEqualTo(whole.metric("eval/exact_match"));
        assertThat(weights(actual)).isEqualTo(weights(expected));
        assertThat(names(actual)).isEqualTo(names(expected));
    }

    private Map<String, Integer> weights(String output) throws IOException {
        Map<String, Integer> weights = new TreeMap<>();
        TensorFiles model = TensorFiles.open(folder.resolve(output).resolve("model"), "model");
        for (String name : model.index().names()) {
            weights.put(name, model.bytes(name).hashCode());
        }
        return weights;
    }

    /** Of all that is not a checkpoint. */
    private List<String> names(String output) throws IOException {
        Path root = folder.resolve(output);
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString())
                    .filter(name -> !name.startsWith("checkpoints"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void withoutCheckpointsItSaysThatTheRunBeginsAnew() throws Exception {
        List<String> command = command("run", "out", "training.save_strategy=no");

        ChildProcess.Result interrupted = temper(NOTHING).interrupt("TERM", TRAINS, command);

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        assertThat(SmallRun.complaints(interrupted.output()))
                .singleElement()
                .asString()
                .containsPattern("after update \\d+ of 100; with training\\.save_strategy: no there is no checkpoint");
        assertThat(folder.resolve("out/checkpoints")).doesNotExist();
        assertThat(temper(NOTHING).run(command).exitCode()).isZero();
    }

    @Test
    void preparingEndsAtOnceAndTheSameCommandGoesOn() throws Exception {
        List<String> command = command("run", "out", "data.train=stalled:" + folder.resolve("train.csv"));

        ChildProcess.Result interrupted = temper(".*train.csv").interruptStalled("TERM", command);

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        assertThat(SmallRun.complaints(interrupted.output()))
                .singleElement()
                .asString()
                .startsWith("temper: interrupted; to go on: deploy/temper run ");
        ChildProcess.Result again = temper(NOTHING).run(command);
        assertThat(again.exitCode()).as(again.output()).isZero();
    }

    @Test
    void aStoreThatDoesNotAnswerTheDriverIsLeft() throws Exception {
        List<String> command = command("run", "out", "model.base=stalled:" + SmallRun.BASE);

        ChildProcess.Result interrupted = temper(".*config.json").interruptStalled("INT", command);

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aBaseThatIsStillCopiedIsLeft() throws Exception {
        List<String> command = command("run", "out", "model.base=stalled:" + SmallRun.BASE);

        ChildProcess.Result interrupted = temper(".*model.safetensors.*").interruptStalled("TERM", command);

        assertThat(interrupted.exitCode()).as(interrupted.output()).isEqualTo(75);
        ChildProcess.Result again = temper(NOTHING).run(command);
        assertThat(again.exitCode()).as(again.output()).isZero();
    }

    @Test
    void aSecondSignalEndsItAtOnce() throws Exception {
        String output = "stalled:" + folder.resolve("out");
        List<String> command = command("run", "out", "output=" + output);
        try (ChildProcess process = temper(".*checkpoints/.*").start(command)) {
            process.awaitOutput(Pattern.compile("(" + TRAINS + ")"), LIMIT);
            process.signal("TERM");
            process.awaitUntil("its checkpoint stalls", LIMIT, () -> Files.exists(folder.resolve("stalled")));
            while (process.handle().isAlive()) { // one that comes too soon counts as the first
                process.signal("TERM");
            }

            ChildProcess.Result ended = process.await(LIMIT);

            assertThat(ended.exitCode()).as(ended.output()).isEqualTo(128 + 15);
            assertThat(SmallRun.complaints(ended.output())).isEmpty();
        }
        ChildProcess.Result again = temper(NOTHING).run(command);
        assertThat(again.exitCode()).as(again.output()).isZero();
    }

    @Test
    void prepareAndEvaluateAreRunAgain() throws Exception {
        List<String> prepare = command("prepare", "out", "data.train=stalled:" + folder.resolve("train.csv"));
        ChildProcess.Result prepared = temper(".*train.csv").interruptStalled("TERM", prepare);
        List<String> evaluate = command("evaluate", "out", "data.eval=stalled:" + folder.resolve("eval.csv"));
        evaluate.add(1, SmallRun.BASE.toString());
        Files.delete(folder.resolve("stalled"));
        ChildProcess.Result evaluated = temper(".*eval.csv").interruptStalled("TERM", evaluate);

        for (ChildProcess.Result result : List.of(prepared, evaluated)) {
            assertThat(result.exitCode()).as(result.output()).isEqualTo(75);
            assertThat(SmallRun.complaints(result.output()))
                    .singleElement()
                    .asString()
                    .startsWith("temper: interrupted; to go on: deploy/temper ");
        }
        assertThat(temper(NOTHING).run(prepare).exitCode()).isZero();
        assertThat(temper(NOTHING).run(evaluate).exitCode()).isZero();
    }

    @Test
    void whatKeepsNothingEndsAsTheSignalSays() throws Exception {
        List<String> generate =
                List.of("generate", SmallRun.BASE.toString(), "--prompt", "Date: the 1st of August 1957 ->");
        ChildProcess.Result stalled = temper(".*config.json")
                .interruptStalled("INT", List.of("generate", "stalled:" + SmallRun.BASE, "--prompt", "Date"));

        assertThat(stalled.exitCode()).as(stalled.output()).isEqualTo(128 + 2);
        assertThat(stalled.output()).contains("temper: interrupted\n");
        assertThat(temper(NOTHING).run(generate).exitCode()).isZero();
    }
}
