package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.model.TinyModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.LocalStore;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Format;
import dev.temper.train.config.TrainingConfig;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper init}: what it finds in data and base, and what it writes. */
final class InitTest {
    private static final String MESSAGES = "[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]";
    private static final String SHAREGPT = "[{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'a'}]";
    private static final String LLAMA =
            """
            {"model_type": "llama", "vocab_size": 512, "hidden_size": %d, "num_hidden_layers": %d,
             "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": %d,
             "max_position_embeddings": 256, "torch_dtype": "bfloat16"}
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void writeBase() throws IOException {
        Path base = folder.resolve("base");
        TinyModel.weights(base, LLAMA.formatted(16, 2, 28)).write(base.resolve("model.safetensors"));
        tokenizer(base);
    }

    private static void tokenizer(Path base) throws IOException {
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), base.resolve(file));
        }
    }

    @Test
    void aRecipeRunsUnedited() throws IOException {
        Files.write(folder.resolve("rows.csv"), SmallRun.rows("train.csv", 60));

        Ended init = init("--output=@/out");

        assertThat(init.err()).isEmpty();
        assertThat(init.out())
                .startsWith("wrote " + folder + "/new.yaml: prompt_completion of 60 rows; all weights; rows of up to");
        Ended run = Ended.run(
                new String[] {"run", folder.resolve("new.yaml").toString()},
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(folder.resolve("out/model/model.safetensors")).exists();
        assertThat(recipe().generation().evalPrompts()).isEqualTo(3);
    }

    /** Nothing that the user wrote has to be quoted by hand, and nothing of it can become a key. */
    @Test
    void whatTheDataHoldsStaysAText() throws IOException {
        rows("rows.csv", "\"a: b\nkey: 1\",\"# c, {d}\"\n", "one,yes\n", "two,no\n", 30);

        String columns = "{text: \"a: b\\nkey: 1\", label: \"# c, {d}\"}";
        Ended ended = init("--task=sequence_classification", "--columns=" + columns);

        assertThat(ended.err()).isEmpty();
        assertThat(recipe().data().columns())
                .isEqualTo(Map.of("text", List.of("a: b\nkey: 1"), "label", List.of("# c, {d}")));
        assertThat(recipe().model().labels()).containsExactly("no", "yes");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prompt,completion | PROMPT_COMPLETION | {prompt=[prompt], completion=[completion]}",
                "id,question,answer | PROMPT_COMPLETION | {prompt=[question], completion=[answer]}",
                "plain,odd,yoda | PROMPT_COMPLETION | {prompt=[plain], completion=[yoda]}",
                "row_id,ask,say,source | PROMPT_COMPLETION | {prompt=[ask], completion=[say]}",
                "text,target | TEXT | {text=[text, target]}",
                "text | TEXT | {text=[text]}",
                "n,story | TEXT | {text=[story]}",
                "instruction,input,output | ALPACA | {instruction=[instruction], input=[input], output=[output]}",
                "instruction,context,output | ALPACA | {instruction=[instruction], input=[context], output=[output]}",
                "instruction,response | PROMPT_COMPLETION | {prompt=[instruction], completion=[response]}",
            })
    void columnsTellTheFormat(String header, Format format, String columns) throws IOException {
        StringBuilder csv = new StringBuilder(header + "\n");
        for (int i = 0; i < 20; i++) {
            int number = i;
            List<String> cells = new ArrayList<>();
            for (String name : header.split(",")) {
                cells.add(name.length() < 3 ? "" + number : name + " x" + number);
            }
            csv.append(String.join(",", cells)).append('\n');
        }
        Files.writeString(folder.resolve("rows.csv"), csv);

        assertThat(init().err()).isEmpty();
        DataConfig data = recipe().data();
        assertThat(data.format()).isEqualTo(format);
        Map<String, List<String>> sorted = new LinkedHashMap<>();
        for (String entry : columns.substring(1, columns.length() - 1).split("(?<=]), ")) {
            String[] parts = entry.split("=");
            sorted.put(
                    parts[0],
                    List.of(parts[1].substring(1, parts[1].length() - 1).split(", ")));
        }
        assertThat(data.columns()).isEqualTo(sorted);
        assertThat(data.chatTemplate()).isEqualTo(format == Format.TEXT ? "auto" : "none");
    }

    @ParameterizedTest
    @CsvSource({"messages, MESSAGES", "conversations, SHAREGPT", "dialog, MESSAGES"})
    void conversationsGetATemplateWhereTheBaseHasNone(String column, Format format) throws IOException {
        StringBuilder rows = new StringBuilder();
        String chat = format == Format.MESSAGES ? MESSAGES : SHAREGPT;
        for (int i = 0; i < 20; i++) {
            rows.append(
                    "{'%s': %s}\n".formatted(column, chat).replace('\'', '"').replace("q", "q" + i));
        }
        Files.writeString(folder.resolve("rows.csv"), ""); // init looks at what it is told alone
        Files.writeString(folder.resolve("rows.jsonl"), rows);

        assertThat(init("--data=@/rows.jsonl").err()).isEmpty();
        DataConfig data = recipe().data();
        assertThat(data.format()).isEqualTo(format);
        assertThat(data.chatTemplate()).isEqualTo("zephyr");
        assertThat(data.trainOn()).isEqualTo(TrainOn.ASSISTANT);
        assertThat(text()).contains("the base has none; this one closes answers with the base's own end token");
    }

    /** A run with the base's template would be refused. */
    @Test
    void aTemplateThatNeverEndsAnAnswerIsNotTaken() throws IOException {
        Files.writeString(
                folder.resolve("base/chat_template.jinja"),
                "{% for m in messages %}{{ m.role }}: {{ m.content }}. {% endfor %}"
                        + "{% if add_generation_prompt %}assistant: {% endif %}");
        rows("rows.csv", "prompt,completion\n", "ask $,say\n", "", 20);

        assertThat(init().err()).isEmpty();
        assertThat(recipe().data().chatTemplate()).isEqualTo("zephyr");
        assertThat(text()).contains("the base's own does not end an answer with a token that ends one; this one does");
    }

    @Test
    void theTemplateOfTheBaseIsTaken() throws IOException {
        Files.writeString(
                folder.resolve("base/chat_template.jinja"),
                "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
                        + "{% if add_generation_prompt %}assistant: {% endif %}");
        rows("rows.csv", "text,target\n", "ask %d,say\n", "", 20);

        assertThat(init().err()).isEmpty();
        assertThat(recipe().data().chatTemplate()).isEqualTo("auto");
        assertThat(recipe().data().format()).isEqualTo(Format.PROMPT_COMPLETION);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "text,label | x %d,no | y %d,yes | | no, yes",
                "label,text | 0,x %d | 1,y %d | | 0, 1",
                "label,text | 0,x %d | 1,y %d | bad,good | bad, good",
                "a,stars,review | %d,1.0,x %d | %d,2.0,y %d | | 1, 2",
                "gj04,1,x y z | id %d,0,x %d | id %d,1,y %d | | 0, 1",
            })
    void classesComeFromTheData(String header, String one, String two, String given, String labels) throws IOException {
        rows("rows.csv", header + "\n", one.replace("%d", "$") + "\n", two.replace("%d", "$") + "\n", 30);

        Ended ended = given == null
                ? init("--task=sequence_classification")
                : init("--task=sequence_classification", "--labels=" + given);

        assertThat(ended.err()).isEmpty();
        Recipe recipe = recipe();
        assertThat(recipe.model().labels()).containsExactly(labels.split(", "));
        assertThat(recipe.data().header()).isEqualTo(!header.startsWith("gj04"));
        assertThat(recipe.training().loadBestModelAtEnd()).isTrue();
        assertThat(recipe.training().metricForBestModel()).isEqualTo("accuracy");
    }

    @Test
    void namesForNumbersThatBeginAtOneAreRefused() throws IOException {
        rows("rows.csv", "text,label\n", "x $,1\n", "y $,2\n", 30);

        assertThat(init("--labels=bad,good").err())
                .isEqualTo("temper: --labels: the data has the class 2, which is none of [bad, good], nor a number"
                        + " from 0 to 1; without --labels the classes are called as in the data\n");
    }

    @Test
    void unevenClassesAreBalanced() throws IOException {
        rows("rows.csv", "text,label\n", "x $,0\n", "", 40);
        Files.writeString(folder.resolve("rows.csv"), Files.readString(folder.resolve("rows.csv")) + "a,1\nb,1\nc,1\n");

        assertThat(init("--task=sequence_classification").err()).isEmpty();
        assertThat(text()).contains("class_weights: balanced").contains("classes have from 3 to 40 rows");
        assertThat(recipe().training().metricForBestModel()).isEqualTo("f1_macro");
    }

    /** Trained whole, beside a base, beside a base in 4 bits: by config.json alone, no weights are there. */
    @ParameterizedTest
    @CsvSource({"1024, 24, false, false, 2.0e-5", "2048, 20, true, false, 2.0e-4", "4096, 32, true, true, 2.0e-4"})
    void theSizeChoosesWhatIsTrained(int width, int layers, boolean adapter, boolean quantized, double rate)
            throws IOException {
        Files.delete(folder.resolve("base/model.safetensors"));
        Files.writeString(folder.resolve("base/config.json"), LLAMA.formatted(width, layers, 11 * width / 4));
        rows("rows.csv", "prompt,completion\n", "ask $,say $\n", "", 30);

        assertThat(init().err()).isEmpty();
        Recipe recipe = recipe();
        assertThat(recipe.adapter().isPresent()).isEqualTo(adapter);
        assertThat(recipe.model().quantization().isPresent()).isEqualTo(quantized);
        TrainingConfig training = recipe.training();
        assertThat(training.gradientCheckpointing()).isEqualTo(quantized);
        assertThat(training.learningRate()).hasValue(rate);
        assertThat(text()).contains(" parameters: ", " GiB for a worker");
    }

    @Test
    void lengthsComeFromTheRows() throws IOException {
        StringBuilder csv = new StringBuilder("prompt,completion\n");
        for (int i = 0; i < 300; i++) {
            csv.append("a b c ".repeat(i == 7 ? 60 : 8)).append(',').append("d\n");
        }
        Files.writeString(folder.resolve("rows.csv"), csv);

        assertThat(init().err()).isEmpty();
        assertThat(recipe().data().maxLength()).isBetween(64, 128);
        assertThat(text()).containsPattern("the longest of 300 rows has \\d+ tokens; 1 of them are longer than this");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--data=@/none.csv | data.train: @/none.csv does not exist; name a file or folder that does",
                "--base=@/none | --base: @/none is no folder; name one with config.json",
                "--task=causal_l | --task: 'causal_l' is no task (causal_lm?); tasks are causal_lm, ",
                "--task=causal_lm --labels=a,b | --labels are for --task sequence_classification",
                "--columns=x | --columns must be a mapping such as '{text: review, label: stars}'",
                "--columns={prompt:x} | data: @/rows.csv has no column",
                "--columns={texts:x} | data.columns.texts",
                "--task=sequence_classification | no column of the data looks like classes (a few values that repeat)",
            })
    void mistakesAreSentences(String options, String message) throws IOException {
        rows("rows.csv", "prompt,completion\n", "ask $,say $\n", "", 30);

        Ended ended =
                init(options.strip().replace("{", "{ ").replace(":x", ": x").split(" (?=--)"));

        assertThat(ended.err().lines()).hasSize(1);
        assertThat(ended.err()).startsWith("temper: ").contains(message.replace("@", folder.toString()));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(folder.resolve("new.yaml")).doesNotExist();
    }

    @Test
    void otherHabitsOfCsvAreSeen() throws IOException {
        StringBuilder csv = new StringBuilder("prompt;completion\n");
        for (int i = 0; i < 20; i++) {
            csv.append("where, ").append(i).append(";caf\u00e9\n");
        }
        Files.writeString(folder.resolve("rows.csv"), csv, Charset.forName("windows-1252"));

        assertThat(init().err()).contains("data: " + folder + "/rows.csv is not UTF-8");
        assertThat(init("--encoding=windows-1252").err()).isEmpty();
        assertThat(recipe().data().delimiter()).isEqualTo(";");
        assertThat(recipe().data().encoding()).isEqualTo("windows-1252");
        assertThat(recipe().data().columns()).containsOnlyKeys("prompt", "completion");
    }

    @Test
    void aRecipeThatIsThereStays() throws IOException {
        rows("rows.csv", "prompt,completion\n", "ask $,say $\n", "", 30);
        Files.writeString(folder.resolve("new.yaml"), "mine");

        assertThat(init().err())
                .isEqualTo("temper: %s/new.yaml is there already: name another file, or delete it\n".formatted(folder));
        assertThat(text()).isEqualTo("mine");
    }

    @Test
    void rowsThatAreRejectedAreAllowedForAndSaid() throws IOException {
        StringBuilder csv = new StringBuilder("prompt,completion\n");
        for (int i = 0; i < 50; i++) {
            csv.append("ask ").append(i).append(i % 10 == 3 ? ",\n" : ",say\n");
        }
        Files.writeString(folder.resolve("rows.csv"), csv);

        assertThat(init().err()).isEmpty();
        assertThat(recipe().data().maxRejectedFraction()).isEqualTo(0.2);
        assertThat(text()).contains("10.0 % of the rows looked at are rejected, the first because: null in completion");
    }

    /** A question that fills all positions leaves no room for its answer. */
    @Test
    void rowsWhoseAnswersAreCutOffAreAllowedForAndSaid() throws IOException {
        StringBuilder csv = new StringBuilder("prompt,completion\n");
        for (int i = 0; i < 40; i++) {
            csv.append("a b c ".repeat(i % 4 == 0 ? 200 : 80)).append(",d\n");
        }
        Files.writeString(folder.resolve("rows.csv"), csv);

        assertThat(init().err()).isEmpty();
        assertThat(recipe().data().maxLength()).isEqualTo(256);
        assertThat(recipe().data().maxRejectedFraction()).isEqualTo(0.5);
        assertThat(text()).contains("25.0 % of the rows looked at are rejected, of 10 the answer begins behind");
    }

    /** Two kinds of rows in turn; $ is their number. */
    private void rows(String file, String header, String one, String two, int count) throws IOException {
        StringBuilder csv = new StringBuilder(header);
        for (int i = 0; i < count; i++) {
            csv.append((i % 2 == 0 || two.isEmpty() ? one : two).replace("$", String.valueOf(i)));
        }
        Files.writeString(folder.resolve(file), csv);
    }

    private Recipe recipe() {
        return RecipeFile.read(new LocalStore(), folder.resolve("new.yaml").toString(), List.of());
    }

    private String text() throws IOException {
        return Files.readString(folder.resolve("new.yaml"));
    }

    /** With base and rows, unless the options name others. */
    private Ended init(String... options) {
        List<String> all =
                new ArrayList<>(List.of("init", folder.resolve("new.yaml").toString()));
        for (String option : List.of("--base=@/base", "--data=@/rows.csv")) {
            String name = option.substring(0, option.indexOf('=') + 1);
            if (List.of(options).stream().noneMatch(given -> given.startsWith(name))) {
                all.add(option.replace("@", folder.toString()));
            }
        }
        for (String option : options) {
            all.add(option.replace("@", folder.toString()));
        }
        return Ended.run(all.toArray(String[]::new), new InitCommand(request -> Jobs.init(Jobs.store(), request)));
    }
}
