package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.testkit.S3Endpoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two processes that begin at once with one output, their clocks an hour apart. */
@Tag("spark")
final class TwoRunsTest {
    private static final int ROUNDS = Integer.getInteger("temper.test.rounds", 10);
    private static final int RUNS = Integer.getInteger("temper.test.runs", 2);

    @TempDir
    private static Path folder;

    private static S3Endpoint s3;
    private static SmallClassifier setup;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Endpoint.start();
        s3.createBucket("bucket");
        setup = SmallClassifier.write(folder);
    }

    @AfterAll
    static void end() throws Exception {
        if (s3 != null) {
            s3.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:@/", "s3a://bucket/"})
    void oneTakesTheFolderAndTheOtherIsRefused(String root) throws Exception {
        try (Contender one = Contender.start(log(), s3.sparkOptions());
                Contender other = Contender.startAhead(log(), s3.sparkOptions())) {
            int[] wins = new int[2];
            for (int round = 0; round < ROUNDS; round++) {
                String location = here(root) + "taken" + round;
                List<Contender> both = List.of(one, other);
                both.forEach(contender -> contender.order("take", location));
                List<String> answers = List.of(one.answer(), other.answer());
                int winner = answers.get(0).startsWith("0") ? 0 : 1;

                assertThat(answers.get(winner))
                        .as("round %d: %s", round, answers)
                        .isEqualTo("0 ");
                assertThat(answers.get(1 - winner))
                        .startsWith("2 output: ")
                        .contains(" is being written by ", " (process ", "; wait for its end, or name another folder");
                both.get(winner).order("release");
                assertThat(both.get(winner).answer()).isEqualTo("released");
                wins[winner]++;
            }
            System.out.println(root + ": clocks " + one.clock() + " and " + other.clock() + ", first " + wins[0]
                    + ", second " + wins[1]);
        }
    }

    /** What is known of each other comes from the folder alone. */
    @ParameterizedTest
    @ValueSource(strings = {"file:@/", "s3a://bucket/"})
    void soItIsBetweenMachines(String root) throws Exception {
        try (Contender one = Contender.startAhead(log(), s3.sparkOptions());
                Contender other = Contender.startElsewhere(log(), s3.sparkOptions())) {
            for (int round = 0; round < Math.max(2, ROUNDS / 50); round++) {
                String location = here(root) + "between" + round;
                List<Contender> both = List.of(one, other);
                both.forEach(contender -> contender.order("take", location));
                List<String> answers = List.of(one.answer(), other.answer());
                assertThat(answers)
                        .as("round %d", round)
                        .contains("0 ")
                        .anyMatch(answer -> answer.matches("2 output: \\S+ is being written by .* \\(process .*"));
                both.forEach(contender -> contender.order("release"));
                assertThat(List.of(one.answer(), other.answer())).containsExactlyInAnyOrder("released", "nothing");
            }
        }
    }

    /** Two recipes: of one there is a whole model, and no trace of the other. */
    @ParameterizedTest
    @ValueSource(strings = {"@/", "s3a://bucket/"})
    void oneRecipeIsTrainedAndTheOtherRefused(String root) throws Exception {
        try (Contender one = Contender.start(log(), s3.sparkOptions());
                Contender other = Contender.startAhead(log(), s3.sparkOptions())) {
            Map<Integer, byte[]> models = new TreeMap<>();
            for (int round = 0; round < RUNS; round++) {
                String output = here(root) + "run" + round;
                List<Contender> both = List.of(one, other);
                for (int seed = 0; seed < 2; seed++) {
                    both.get(seed)
                            .order(
                                    "run",
                                    setup.recipe().toString(),
                                    "output=" + output,
                                    "training.num_train_epochs=1",
                                    "training.seed=" + seed);
                }
                List<String> answers = List.of(one.answer(), other.answer());
                int winner = answers.get(0).startsWith("0") ? 0 : 1;
                assertThat(answers.get(winner))
                        .as("round %d: %s", round, answers)
                        .isEqualTo("0 ");
                assertThat(answers.get(1 - winner))
                        .matches("2 output: \\S+ (is being written by .*|holds the run of another recipe.*)");
                byte[] model = read(output + "/model/model.safetensors");
                assertThat(new String(read(output + "/run.yaml"), StandardCharsets.UTF_8))
                        .contains("seed: " + winner + "\n");
                assertThat(models.computeIfAbsent(winner, absent -> model)).isEqualTo(model);
            }
        }
    }

    @Test
    void afterACrashItIsTakenOverWithinAMinute() throws Exception {
        String location = folder.resolve("crash").toString();
        try (Contender holder = Contender.startElsewhere(log(), Map.of());
                Contender next = Contender.startAhead(log(), Map.of())) {
            holder.order("take", location);
            assertThat(holder.answer()).isEqualTo("0 ");
            next.order("take", location);
            assertThat(next.answer()).contains(" is being written by ");
            holder.kill();
            long start = System.nanoTime();

            next.order("take", location);

            assertThat(next.answer()).isEqualTo("0 ");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMinutes(1));
        }
    }

    @ParameterizedTest
    @CsvSource({"crash-here, kill", "interrupted, terminate"})
    void hereItIsTakenOverAtOnce(String name, String end) throws Exception {
        String location = folder.resolve(name).toString();
        try (Contender holder = Contender.start(log(), Map.of());
                Contender next = Contender.start(log(), Map.of())) {
            holder.order("take", location);
            assertThat(holder.answer()).isEqualTo("0 ");
            if (end.equals("kill")) {
                holder.kill();
            } else {
                assertThat(holder.terminate()).isEqualTo(143);
                assertThat(Path.of(location))
                        .as("given back, and the empty folder with it")
                        .doesNotExist();
            }
            next.order("take", location);
            assertThat(next.answer()).isEqualTo("0 ");
        }
    }

    private static Path log() {
        return folder.resolve("contenders.log");
    }

    private static String here(String root) {
        return root.replace("@", folder.toString());
    }

    private static byte[] read(String location) throws Exception {
        return location.startsWith("s3a:")
                ? s3.read(location.replace("s3a:/", ""))
                : Files.readAllBytes(Path.of(location));
    }
}
