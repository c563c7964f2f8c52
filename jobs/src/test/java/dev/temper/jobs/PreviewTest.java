package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.spark.storage.HadoopStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code temper preview} and {@code temper prepare} print and leave behind. */
final class PreviewTest {
    private static final HadoopStore STORE = Jobs.store();

    @TempDir
    private Path folder;

    /** Where the recipe's rows are: two good ones, one without an answer, one too long. */
    @BeforeEach
    void writeRows() throws IOException {
        Files.writeString(
                folder.resolve("rows.csv"),
                "prompt,completion\nDate: 3 March 2024 ->, 2024-03-03\nDate: 4 March 2024 ->, 2024-03-04\nDate:,\n"
                        + "Date: 5 March 2024 ->," + " 2024".repeat(80) + "\n");
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: "%s"}
                data: {train: "%s/rows.csv", chat_template: none, max_length: 64, too_long: drop}
                output: "%s/output"
                """
                        .formatted(SmallRun.BASE, folder, folder));
    }

    @Test
    void learnedPartsStandOut() throws Exception {
        String text = run("preview", "--rows", "1");

        assertThat(text)
                .contains("row 1 of " + folder + "/rows.csv: ")
                .contains("Date: 3 March 2024 ->⟦ 2024-03-03</s>⟧")
                .contains("rows        4 rows = 2 trained + 0 evaluated + 2 rejected (null_value 1, too_long 1)")
                .contains("rejected    1 null_value, such as row 3 of " + folder + "/rows.csv: null in completion")
                .contains("refused     more rows are rejected than data.max_rejected_fraction 0.01 allows")
                .doesNotContain("4 March", "\u001b");
    }

    @Test
    void jsonHasEveryToken() throws Exception {
        JsonNode json = new ObjectMapper().readTree(run("preview", "--json"));

        assertThat(json.path("rows")).hasSize(2);
        StringBuilder all = new StringBuilder();
        StringBuilder learned = new StringBuilder();
        json.at("/rows/0/tokens").forEach(token -> {
            all.append(token.get("text").asText());
            learned.append(token.get("learned").asBoolean() ? token.get("text").asText() : "");
        });
        assertThat(all.toString()).isEqualTo("<s>Date: 3 March 2024 -> 2024-03-03</s>");
        assertThat(learned.toString()).isEqualTo(" 2024-03-03</s>");
        assertThat(json.at("/counts/rejected").toString()).isEqualTo("{\"null_value\":1,\"too_long\":1}");
        assertThat(json.path("refused").asBoolean()).isTrue();
    }

    @Test
    void theFilesThatAreReadAndThoseThatAreNotAreNamed() throws Exception {
        Path set = Files.createDirectory(folder.resolve("set"));
        for (String name : List.of("dates-train.csv", "dates-test.csv", "dates-dev.csv", "list.txt")) {
            Files.writeString(set.resolve(name), "prompt,completion\na" + name + ",b\n");
        }
        String train = "data.train=" + set;

        String text = run("preview", train);

        assertThat(text)
                .contains("files       train 1: %s/dates-train.csv; eval none".formatted(set))
                .contains("not read    1: %s/dates-dev.csv (split validation)".formatted(set))
                .contains("not read    1: %s/dates-test.csv (split test)".formatted(set))
                .contains("not read    1: %s/list.txt (not a kind that is read, .txt)".formatted(set))
                .contains("1 rows = 1 trained + 0 evaluated");
        JsonNode files = new ObjectMapper()
                .readTree(run("preview", "--json", train, "data.eval=" + set))
                .path("files");
        assertThat(files.path("train").toString()).isEqualTo("[\"%s/dates-train.csv\"]".formatted(set));
        assertThat(files.path("eval").toString()).isEqualTo("[\"%s/dates-dev.csv\"]".formatted(set));
        assertThat(files.path("left_out").findValuesAsText("file"))
                .containsExactly(set + "/dates-test.csv", set + "/list.txt");

        assertThat(run("run", train, "data.eval=" + set, "training.max_steps=1", "training.save_strategy=no"))
                .contains("files: train 1: %s/dates-train.csv; eval 1: %s/dates-dev.csv".formatted(set, set))
                .contains("files not read: 1: %s/dates-test.csv (split test)".formatted(set));
        JsonNode manifest = new ObjectMapper()
                .readTree(folder.resolve("output/manifest.json").toFile());
        assertThat(manifest.path("files")).isEqualTo(files);
        assertThat(Files.readString(folder.resolve("output/report.html"))).contains("dates-test.csv (split test)");
    }

    @Test
    void oneFileIsNotBothLearnedAndMeasured() throws Exception {
        Path set = Files.createDirectory(folder.resolve("set"));
        Files.writeString(set.resolve("train.csv"), "prompt,completion\na,b\n");
        Files.createSymbolicLink(folder.resolve("link.csv"), set.resolve("train.csv"));

        assertThat(code("preview", "data.train=" + set, "data.eval=" + set)).isEqualTo(2);
        assertThat(code("preview", "data.train=" + set, "data.eval=" + folder + "/link.csv"))
                .isEqualTo(2);
        assertThat(folder.resolve("output")).doesNotExist();
    }

    @Test
    void pageEscapesWhatUsersWrote() throws Exception {
        Files.writeString(folder.resolve("rows.csv"), "prompt,completion\n<script>x</script>,\"a & b\"\n");

        run("preview", "--html", folder + "/page.html");

        String page = Files.readString(folder.resolve("page.html"));
        assertThat(page).startsWith("<!doctype html>").doesNotContain("<script", "http");
        assertThat(page).contains("class=\"learned\"", "class=\"read\"", "&lt;", "&amp;");
    }

    @Test
    void runUsesWhatWasPrepared() throws Exception {
        Files.writeString(folder.resolve("rows.csv"), "prompt,completion\na,b\nc,d\n");
        assertThat(run("prepare")).contains("2 rows = 2 trained", "prepared    " + folder + "/output/prepared/");
        assertThat(run("prepare")).contains(", found there");

        String text = run("run", "training.max_steps=1", "training.save_strategy=no");

        assertThat(text).contains("2 rows = 2 trained + 0 evaluated + 0 rejected, prepared before");
        assertThat(run("preview", "training.max_steps=1", "training.save_strategy=no"))
                .contains("row 1 of " + folder + "/rows.csv: ");
    }

    @Test
    void nothingStaysOfWhatIsRefused() throws Exception {
        assertThat(code("prepare")).isEqualTo(2);

        assertThat(folder.resolve("output")).doesNotExist();
    }

    @Test
    void aFolderWithoutATokenizerIsAMistake() throws Exception {
        Path base = Files.createDirectory(folder.resolve("base"));
        Files.copy(SmallRun.BASE.resolve("tokenizer_config.json"), base.resolve("tokenizer_config.json"));

        assertThat(code("prepare", "model.base=" + base)).isEqualTo(2);
        Files.writeString(base.resolve("tokenizer.json"), "{\"model\": ");
        assertThat(code("prepare", "model.base=" + base)).isEqualTo(2);

        assertThat(folder.resolve("output")).doesNotExist();
    }

    private String run(String... arguments) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        System.setOut(new PrintStream(text, true, StandardCharsets.UTF_8));
        try {
            assertThat(code(arguments)).isZero();
        } finally {
            System.setOut(out);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private int code(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = arguments[0];
        all[1] = folder.resolve("recipe.yaml").toString();
        System.arraycopy(arguments, 1, all, 2, arguments.length - 1);
        return Temper.run(
                        all,
                        new RunCommand(STORE, recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                        new PrepareCommand(STORE, recipe -> Jobs.prepare(STORE, recipe)),
                        new PreviewCommand(STORE, request -> Jobs.preview(STORE, request)))
                .code();
    }
}
