package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.RecipeRows;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.objective.CausalRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which rows {@code temper preview} shows, and that it changes nothing. */
final class PreviewChoiceTest {
    private static final HadoopStore STORE = Jobs.store();

    @TempDir
    private Path folder;

    @BeforeEach
    void writeRows() throws IOException {
        Files.write(folder.resolve("rows.csv"), SmallRun.rows("train.csv", 17));
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: "%s"}
                data: {train: "%s/rows.csv", chat_template: none, max_length: 40}
                training: {max_steps: 1, save_strategy: "no"}
                output: "%s/output"
                """
                        .formatted(SmallRun.BASE, folder, folder));
    }

    @Test
    void itLeavesNothing() throws Exception {
        Map<String, Long> before = files(folder);
        List<String> temporary = previews();

        assertThat(temper("preview").code()).isZero();
        assertThat(temper("preview", "data.prepared=" + folder + "/shared").code())
                .isZero();

        assertThat(files(folder)).isEqualTo(before);
        assertThat(previews()).isEqualTo(temporary);
    }

    /** Neither what lies there, nor whose run it is. */
    @Test
    void whatLiesInTheOutputDoesNotMatter() throws Exception {
        assertThat(temper("run").code()).isZero();
        Map<String, Long> before = files(folder);

        assertThat(temper("preview", "training.learning_rate=0.5", "name=another")
                        .code())
                .isZero();
        assertThat(temper("preview", "data.max_length=30").code()).isZero();
        assertThat(temper("prepare", "training.learning_rate=0.5").out()).contains(", found there");
        assertThat(files(folder)).isEqualTo(before);

        assertThat(temper("prepare", "data.max_length=30").code()).isZero();
        assertThat(Folder.local(folder.resolve("output/prepared")).list()).hasSize(2);
        assertThat(temper("run").out()).contains("nothing to do");

        Files.createDirectories(folder.resolve("letters"));
        Files.writeString(folder.resolve("letters/of-mine.txt"), "dear");
        String[] elsewhere = {"output=" + folder + "/letters"};
        assertThat(temper("preview", elsewhere).code()).isZero();
        Ended refused = temper("prepare", elsewhere);
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("holds files that are no run of Temper");
    }

    @Test
    void rowsAreChosenByNumberTextAndLength() throws Exception {
        List<String> lines = Files.readAllLines(folder.resolve("rows.csv"));

        assertThat(places("--row", "3", "--row", "11")).containsExactly("row 3", "row 11");
        String prompt = lines.get(7).substring(0, lines.get(7).indexOf("->")).replace("\"", "");
        assertThat(places("--grep", prompt)).contains("row 7").hasSizeLessThan(5);
        assertThat(places("--grep", prompt, "--row", "7")).containsExactly("row 7");
        assertThat(places("--rows", "2")).containsExactly("row 1", "row 2");
        assertThat(places("--rows", "0")).isEmpty();

        List<Integer> lengths = new ArrayList<>();
        json("--longest", "--rows", "100")
                .path("rows")
                .forEach(row -> lengths.add(row.path("tokens").size()));
        assertThat(lengths).hasSize(17).isSortedAccordingTo((one, other) -> other - one);
        assertThat(places("--longest", "--rows", "1")).hasSize(1);

        Ended none = temper("preview", "--grep", "no such text");
        assertThat(none.code()).isZero();
        assertThat(none.out())
                .contains("note        none of the rows that are trained or evaluated is what was asked for");
        assertThat(temper("preview", "--row", "0").err()).startsWith("temper: --row must be positive");
    }

    @Test
    void rowsToEvaluateOnAreShownToWhoAsksForThem() throws Exception {
        String eval = "data.eval_fraction=0.4";

        long evaluated = new ObjectMapper()
                .readTree(temper("preview", "--json", eval).out())
                .at("/counts/evaluated")
                .asLong();
        List<String> all = places("--grep", "->", "--rows", "100", eval);

        assertThat(evaluated).isPositive();
        assertThat(all).hasSize(17);
        assertThat(all.stream().filter(place -> place.endsWith(", to evaluate on")))
                .hasSize((int) evaluated);
        assertThat(places("--rows", "100", eval)).hasSize(17 - (int) evaluated);
    }

    @Test
    void whatIsCutIsCounted() throws Exception {
        int whole = json("--row", "1").at("/rows/0/tokens").size();

        JsonNode cut =
                json("--row", "1", "data.max_length=9", "data.train_on=all").at("/rows/0");

        assertThat(cut.path("tokens")).hasSize(9);
        assertThat(cut.path("cut").asInt()).isEqualTo(whole - 9);
        assertThat(temper("preview", "--row", "1", "data.max_length=9", "data.train_on=all")
                        .out())
                .contains(": 9 tokens, ", " learned, and " + (whole - 9) + " more that are cut");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bfd", "wrapped"})
    void packsAreThoseThatAreTrainedOn(String packing) throws Exception {
        String[] settings = {"data.packing=" + packing, "data.max_length=100"};
        assertThat(temper("prepare", settings).code()).isZero();
        Recipe recipe = RecipeFile.read(STORE, folder.resolve("recipe.yaml").toString(), List.of(settings));
        Path prepared;
        try (Stream<Path> keys = Files.list(folder.resolve("output/prepared"))) {
            prepared = keys.findFirst().orElseThrow();
        }
        CausalRows trained = (CausalRows)
                RecipeRows.read(STORE.folder(prepared.toString()), folder).of(recipe);

        JsonNode packs =
                json("--packs", "--rows", "1000", settings[0], settings[1]).path("packs");

        assertThat(packs).hasSameSizeAs(trained.train()).hasSizeGreaterThan(2);
        for (int i = 0; i < packs.size(); i++) {
            List<TokenRow> rows = trained.train().get(i);
            assertThat(packs.get(i).path("rows")).hasSameSizeAs(rows);
            for (int j = 0; j < rows.size(); j++) {
                JsonNode tokens = packs.get(i).path("rows").get(j).path("tokens");
                assertThat(tokens).hasSize(rows.get(j).length());
                for (int k = 0; k < tokens.size(); k++) {
                    assertThat(tokens.get(k).path("id").asInt())
                            .isEqualTo(rows.get(j).inputIds()[k]);
                    assertThat(tokens.get(k).path("learned").asBoolean())
                            .isEqualTo(rows.get(j).trained()[k]);
                }
            }
        }
        assertThat(temper("preview", "--packs", "--rows", "1", settings[0], settings[1])
                        .out())
                .containsPattern("pack 1 of \\d+: \\d+ rows, \\d+ of 100 tokens, \\d+ learned\nrow \\d+ of ");
    }

    @Test
    void withoutPackingThereAreNoPacks() {
        Ended ended = temper("preview", "--packs");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo("temper: --packs needs data.packing: bfd or wrapped; without, every row is a sequence of its"
                        + " own\n");
    }

    @Test
    void aClassifiersRowsHaveClassesSharesAndCuts(@TempDir Path other) throws Exception {
        SmallClassifier classifier = SmallClassifier.write(other);
        long yes = Files.readAllLines(other.resolve("texts.csv")).stream()
                .filter(line -> line.endsWith(",yes"))
                .count();

        String text = classifier
                .temper("preview", "@/recipe.yaml", "data.eval_fraction=0")
                .out();

        assertThat(text).containsPattern("row 1 of .*texts.csv: \\d+ tokens, class (yes|no)\n");
        assertThat(text.replaceAll(" +", " "))
                .contains("class train share eval share cut")
                .contains("no %d %.1f %% 0 0".formatted(60 - yes, 100.0 * (60 - yes) / 60))
                .contains("yes %d %.1f %% 0 0".formatted(yes, 100.0 * yes / 60));
        JsonNode json = new ObjectMapper()
                .readTree(classifier
                        .temper("preview", "@/recipe.yaml", "data.max_length=5", "--json")
                        .out());
        assertThat(json.at("/classes/no/cut").asLong()
                        + json.at("/classes/yes/cut").asLong())
                .isEqualTo(60);
        assertThat(json.at("/rows/0/cut").asInt()).isPositive();
    }

    /** Of each row shown, where it stands, without its file. */
    private List<String> places(String... arguments) throws IOException {
        List<String> places = new ArrayList<>();
        json(arguments)
                .path("rows")
                .forEach(row -> places.add(row.path("place").asText().replace(" of " + folder + "/rows.csv", "")));
        return places;
    }

    private JsonNode json(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--json");
        Ended ended = temper("preview", all.toArray(String[]::new));
        assertThat(ended.err()).isEmpty();
        return new ObjectMapper().readTree(ended.out());
    }

    private Ended temper(String command, String... arguments) {
        String[] all = new String[arguments.length + 2];
        all[0] = command;
        all[1] = folder.resolve("recipe.yaml").toString();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return Ended.run(
                all,
                new RunCommand(STORE, recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                new PrepareCommand(STORE, recipe -> Jobs.prepare(STORE, recipe)),
                new PreviewCommand(STORE, request -> Jobs.preview(STORE, request)));
    }

    /** Time of change by name. */
    private static Map<String, Long> files(Path folder) throws IOException {
        Map<String, Long> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.toList()) {
                files.put(file.toString(), Files.getLastModifiedTime(file).toMillis());
            }
        }
        return files;
    }

    private static List<String> previews() throws IOException {
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return all.map(Path::toString)
                    .filter(name -> name.contains("temper-preview-"))
                    .sorted()
                    .toList();
        }
    }
}
