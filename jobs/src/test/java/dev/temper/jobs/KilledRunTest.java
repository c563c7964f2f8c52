package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.jobs.WatchedFileSystem.Change;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.output.RunOutput;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every state that a killed run can leave its output in: before and after each file that it writes or deletes, and with
 * that file cut off in its middle or before its first byte, as on stores that show a file while it grows. The same
 * command then ends with what an undisturbed run writes.
 */
@Tag("spark")
final class KilledRunTest {
    /**
     * What a run has left.
     *
     * @param copy of the output
     * @param cut file of which only so many halves are there
     */
    private record State(Path copy, Path cut, int halves, String name) {
        void layOut() throws IOException {
            new LocalStore().delete(output.toString());
            copyAll(copy, output);
            if (halves < 2) {
                byte[] whole = Files.readAllBytes(cut);
                Files.write(cut, Arrays.copyOf(whole, whole.length * halves / 2));
            }
        }
    }

    @TempDir
    private static Path folder;

    private static Path output;
    private static Path recipe;
    private static RunResult undisturbed;
    private static final List<State> STATES = new ArrayList<>();

    @BeforeAll
    static void runUndisturbed() throws Exception {
        System.setProperty(WatchedFileSystem.PROPERTY, WatchedFileSystem.class.getName());
        recipe = KilledSetup.write(folder);
        output = folder.resolve("output");
        WatchedFileSystem.watch(KilledRunTest::remember);
        Ended ended = KilledSetup.run(recipe, "watched:" + output);
        WatchedFileSystem.watch((change, path) -> {});
        assertThat(ended.code()).as(ended.err()).isZero();
        undisturbed = RunResult.read(Folder.local(output));
        copyAll(output.resolve("metrics"), folder.resolve("results/undisturbed/metrics"));
    }

    @AfterAll
    static void forget() {
        System.clearProperty(WatchedFileSystem.PROPERTY);
    }

    /** Before a change all is as after the one before it. */
    private static void remember(Change change, Path path) throws IOException {
        if (!path.startsWith(output) || change == Change.BEFORE_CREATE || change == Change.BEFORE_DELETE) {
            return;
        }
        Path copy = folder.resolve("states/" + STATES.size());
        copyAll(output, copy);
        String name = output.relativize(path).toString();
        if (change == Change.CREATED) {
            STATES.add(new State(copy, path, 0, "nothing of " + name));
            STATES.add(new State(copy, path, 1, "half of " + name));
        }
        STATES.add(new State(copy, path, 2, change + " " + name));
    }

    @Test
    void sameCommandEndsWithTheUndisturbedResult() throws Exception {
        Map<String, String> failures = new TreeMap<>();
        List<String> tables = new ArrayList<>(List.of(folder + "/results/undisturbed/metrics"));
        for (State state : STATES) {
            state.layOut();

            Ended ended = KilledSetup.run(recipe, "watched:" + output);

            if (ended.code() != 0 || !RunResult.read(Folder.local(output)).equals(undisturbed)) {
                failures.put(state.name(), ended.toString());
            }
            Path results = folder.resolve("results/" + tables.size());
            copyAll(output.resolve("metrics"), results.resolve("metrics"));
            tables.add(results + "/metrics");
        }
        assertThat(failures).isEmpty();
        Map<String, Map<String, Double>> metrics = RunResult.metrics(tables);
        assertThat(metrics).hasSize(STATES.size() + 1);
        assertThat(metrics.get("undisturbed")).hasSizeGreaterThan(10);
        assertThat(metrics.values()).allMatch(metrics.get("undisturbed")::equals);
    }

    @Test
    void noStateIsCalledAnothersAndNoneIsTakenByAnother() throws Exception {
        Recipe own = RecipeFile.read(new LocalStore(), recipe.toString(), List.of());
        Recipe another = own.with("training.seed", "4");
        int refused = 0;
        for (State state : STATES) {
            state.layOut();
            RunOutput left = RunOutput.of(Folder.local(output));
            assertThat(left.state(own)).as(state.name()).isNotNull();
            if (left.state(own) != RunOutput.State.FREE) {
                refused++;
                assertThatThrownBy(() -> left.state(another))
                        .as(state.name())
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageMatching("output: " + output
                                + " holds the run of another recipe(: training.seed is 3 there and 4 here)?; name"
                                + " another folder or empty it");
            }
        }
        assertThat(refused).isGreaterThan(STATES.size() / 2);
    }

    /** The states that are remembered are those that processes leave. */
    @ParameterizedTest
    @ValueSource(ints = {9, 30, 61})
    void aProcessThatEndsAtAChangeLeavesAStateThatIsKnown(int change) throws Exception {
        new LocalStore().delete(output.toString());
        Map<String, String> options = Map.of(
                WatchedFileSystem.PROPERTY, WatchedFileSystem.class.getName(), WatchedFileSystem.HALT, "" + change);
        try (Contender process = Contender.start(folder.resolve("log"), options)) {
            process.order("run", recipe.toString(), "output=watched:" + output);
            assertThat(process.end()).isEqualTo(137);
        }
        Map<String, String> left = names(output);
        List<Map<String, String>> known = new ArrayList<>();
        for (State state : STATES) {
            known.add(names(state.copy()));
        }
        assertThat(known).contains(left);

        Ended ended = KilledSetup.run(recipe, "watched:" + output);

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("was held by ", ", which has ended: taken over");
        assertThat(RunResult.read(Folder.local(output))).isEqualTo(undisturbed);
    }

    /** Files and sizes of what has no times in it; claims have other names each time. */
    private static Map<String, String> names(Path root) throws IOException {
        Map<String, String> names = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file).toString().replaceAll("lease-[^.]*\\..*", "lease");
                boolean isSized = name.matches(".*\\.(safetensors|parquet)") && !name.startsWith("metrics");
                names.put(name, isSized ? "" + Files.size(file) : "");
            }
        }
        return names;
    }

    private static void copyAll(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }
}
