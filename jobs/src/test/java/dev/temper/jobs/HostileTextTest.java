package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows, names and values that would steer a terminal, or look like lines of ours, are shown as texts. */
final class HostileTextTest {
    private static final HadoopStore STORE = Jobs.store();
    /** A title, a bell, colours, C1, a turned direction, an invisible blank, and a line that looks like one of ours. */
    private static final String HOSTILE =
            "a\u001b]0;title\u0007\u001b[31mred\u009b2J\u202ecod\u200b\u2028\r\nrow 1 of all.csv: 7 tokens, 7 learned";

    private static final String FAKE = "row 1 of all.csv";

    @TempDir
    private Path folder;

    private Path rows;

    @BeforeEach
    void writeRows() throws IOException {
        Path set = Files.createDirectory(folder.resolve("set\n\u001b[2Jof\u202e"));
        rows = set.resolve("rows.jsonl");
        write(
                set.resolve("rows.jsonl"),
                row("prompt", HOSTILE, "completion", HOSTILE),
                row("prompt", "b", "completion", "c"));
        Files.writeString(set.resolve("other\n\u001b[2J.txt"), "x");
    }

    @Test
    void previewShowsRowsAndNamesAsTexts() throws Exception {
        Ended ended = run("preview", "--html", folder + "/page.html");

        assertThat(ended.code()).as(ended.err()).isZero();
        assertHarmless(ended);
        assertThat(ended.out())
                .contains("a\\u001b]0;title\\u0007\\u001b[31mred\\u009b2J\\u202ecod\\u200b\\u2028\\n\n  " + FAKE)
                .contains("set\\n\\u001b[2Jof\\u202e/rows.jsonl: ")
                .contains("set\\n\\u001b[2Jof\\u202e/other\\n\\u001b[2J.txt (not a kind");
        String page = Files.readString(folder.resolve("page.html"));
        assertThat(page).doesNotContain("\u001b", "\u202e", "\u009b", "\u200b").contains("\\u202e");
    }

    @Test
    void jsonSaysTheSameWithoutControls() throws Exception {
        Ended ended = run("preview", "--json");

        assertThat(ended.out()).doesNotContain("\u001b", "\u202e", "\u009b", "\u200b", "\u2028");
        JsonNode json = new ObjectMapper().readTree(ended.out());
        assertThat(json.at("/rows/0/place").asText()).isEqualTo("row 1 of " + rows);
        assertThat(json.at("/files/train/0").asText()).isEqualTo(rows.toString());
    }

    @Test
    void runsAndTheirReportsShowTexts() throws Exception {
        write(
                rows,
                row("prompt", HOSTILE, "completion", HOSTILE),
                row("prompt", "b", "completion", "c"),
                "{\"prompt\": \"a\", \"completion\": \"\u202e\u001b\n");
        List<String> settings = List.of(
                "name=" + quoted(HOSTILE),
                "training.max_steps=1",
                "training.save_strategy=no",
                "data.max_rejected_fraction=0.5",
                "generation.prompts=[" + quoted(HOSTILE) + "]",
                "generation.max_new_tokens=2");

        Ended ended = run("run", settings.toArray(String[]::new));

        assertThat(ended.code()).as(ended.err()).isZero();
        assertHarmless(ended);
        assertThat(ended.out()).contains("a\\u001b]0;title\\u0007").contains("2J\\u202ecod");
        for (String file : List.of("report.html", "model/README.md")) {
            assertThat(Files.readString(folder.resolve("output").resolve(file)))
                    .as(file)
                    .doesNotContain("\u001b", "\u202e", "\u009b", "\u200b");
        }
        assertThat(Files.readString(folder.resolve("output/model/README.md"))).doesNotContain("\n" + FAKE);
    }

    @Test
    void errorsAreOneLineOfText() throws Exception {
        for (String[] command : List.of(
                new String[] {"preview", "data.train=" + quoted(folder + "/" + HOSTILE)},
                new String[] {"preview", "data.columns.prompt=" + quoted(HOSTILE)},
                new String[] {"preview", HOSTILE},
                new String[] {"preview", "--" + HOSTILE},
                new String[] {"preview", "training.seed=" + quoted(HOSTILE)},
                new String[] {"run", "model.base=" + quoted(folder + "/" + HOSTILE)})) {
            Ended ended = run(command[0], command[1]);

            assertThat(ended.code()).isEqualTo(2);
            assertHarmless(ended);
            assertThat(ended.err()).contains("\\u001b]0;title\\u0007\\u001b[31mred\\u009b2J\\u202ecod");
        }
        assertThat(Exit.of(new InvalidInputException("no " + HOSTILE)).message())
                .startsWith("no a\\u001b]0;title")
                .doesNotContain("\n", "\r");
    }

    @Test
    void generatedTextKeepsItsLinesAndSteersNoTerminal() {
        assertThat(GenerateJob.shown("two\nlines\t\u001b]0;x\u0007 👩\u200d💻 \u202e", true))
                .isEqualTo("two\nlines\t\\u001b]0;x\\u0007 👩\u200d💻 \\u202e");
        assertThat(GenerateJob.shown("two\nlines\u001b[0m", false))
                .isEqualTo("two\nlines\u001b[0m"); // a program reads it
    }

    private static void assertHarmless(Ended ended) {
        String told = ended.out() + ended.err();
        assertThat(told).doesNotContain("\u001b", "\u0007", "\u009b", "\u202e", "\u200b", "\u2028", "\r", "\n" + FAKE);
    }

    private void write(Path file, String... lines) throws IOException {
        Files.writeString(file, String.join("\n", lines) + "\n");
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: "%s"}
                data: {train: %s, chat_template: none, max_length: 256}
                output: "%s/output"
                """
                        .formatted(SmallRun.BASE, quoted(rows.getParent().toString()), folder));
    }

    private static String row(String... values) {
        return "{%s: %s, %s: %s}".formatted(quoted(values[0]), quoted(values[1]), quoted(values[2]), quoted(values[3]));
    }

    private static String quoted(String text) {
        return Printable.line(TextNode.valueOf(text).toString()); // YAML takes controls only when they are written out
    }

    private Ended run(String command, String... arguments) {
        String[] all = new String[arguments.length + 2];
        all[0] = command;
        all[1] = folder.resolve("recipe.yaml").toString();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return Ended.run(
                all,
                new RunCommand(STORE, recipe -> Jobs.run(recipe, List.of("test", "commit"))),
                new PreviewCommand(STORE, request -> Jobs.preview(STORE, request)));
    }
}
