package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.preparing.Preparation;
import dev.temper.spark.preparing.PrepareStages;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Format;
import dev.temper.text.InputColumn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("spark")
final class StagesTest {
    private static final StructType SCHEMA =
            new StructType().add("q", DataTypes.StringType).add("completion", DataTypes.StringType);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @Test
    void rowsBecomeTokensAndLabelsOrKeepTheirReason() throws IOException {
        assertRows(stages().transform(rows()).collectAsList());
    }

    @Test
    void aSavedPipelineDoesTheSame() throws IOException {
        stages().write().overwrite().save(folder.resolve("saved").toString());
        PipelineModel loaded = PipelineModel.load(folder.resolve("saved").toString());
        assertRows(loaded.transform(rows()).collectAsList());
        assertThat(loaded.stages()[0].explainParams()).contains("prompt_completion");
    }

    @Test
    void theTokenizerMayBeRemote() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        spark.sparkContext().hadoopConfiguration().set("fs.disk.impl", DiskFileSystem.class.getName());
        Path copies = folder.resolve("copies");
        List<Row> rows = new TokenizeText()
                .setTokenizer("disk:" + folder)
                .setLocalFolder(copies.toString())
                .setTooLong(TooLong.DROP)
                .setMaxLength(3)
                .transform(render().transform(rows()))
                .collectAsList();
        assertThat(rows.get(0).<String>getAs("_reason")).isEqualTo("too_long");
        assertThat(rows.get(0).<String>getAs("_detail")).isEqualTo("4 tokens, at most 3");
        assertThat(copies.toFile().list()).hasSize(1);
    }

    @Test
    void chatsGoThroughTheirTemplate() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        PrepareStages stages = stages(Format.MESSAGES, List.of(), chat("{{ m.content }} <end> {% endfor %}"));
        List<Row> rows = transformed(
                stages,
                List.of(
                        RowFactory.create("[{\"role\": \"user\", \"content\": \"w0\"},"
                                + "{\"role\": \"assistant\", \"content\": \"w1\"}]"),
                        RowFactory.create("[{\"role\": \"bot\", \"content\": \"w0\"}]")),
                new StructType().add("messages", DataTypes.StringType));
        assertThat(ints(rows.get(0), "input_ids")).containsExactly(2, LocalSpark.END, 3, LocalSpark.END);
        assertThat(ints(rows.get(0), "labels")).containsExactly(-100, -100, 3, LocalSpark.END);
        assertThat(rows.get(1).<String>getAs("_reason")).isEqualTo("unknown_role");
        assertThat(rows.get(1).<Integer>getAs("full_length")).isNull();
    }

    @Test
    void whatATemplateLeavesOutIsCountedAndSaid() throws IOException {
        LocalSpark.writeTokenizer(folder.resolve("tokenizer"), 9);
        Files.writeString(
                folder.resolve("x.jsonl"),
                """
                {"prompt": [{"role": "user", "content": "w0"}], "completion": [{"role": "assistant", "content": "w1"}]}
                {"prompt": [{"role": "user", "content": "w0"}],
                """
                                .stripTrailing()
                        + " \"completion\": [{\"role\": \"assistant\", \"reasoning\": \"w4\", \"content\": \"w2\"}]}\n"
                        + "{\"prompt\": \"w0\", \"completion\": \"w3\"}\n");
        HadoopStore store = HadoopStore.of(spark);
        DataConfig data = new DataSettings().training(folder.resolve("x.jsonl")).config();
        String tokenizer = folder.resolve("tokenizer").toString();
        Preparation preparation = PrepareStages.of(
                        data, List.of(), chat("{{ m.content }} <end> {% endfor %}"), tokenizer)
                .preparation(store, Set.of());
        for (boolean isReused : new boolean[] {false, true}) {
            PreparedData prepared = PreparedData.prepare(
                    spark,
                    data,
                    7,
                    preparation,
                    store.folder(folder.resolve("out").toString()));
            assertThat(prepared.reused()).isEqualTo(isReused);
            assertThat(prepared.rows().trained()).isEqualTo(3);
            assertThat(prepared.shortenedNote())
                    .contains("the chat template does not write all of the answers of 1 rows: reasoning, or text"
                            + " beside the call of a tool, is left out and not learned");
        }
    }

    @Test
    void answersThatNeverEndAreFoundBeforehand() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        PrepareStages stages = stages(Format.PROMPT_COMPLETION, List.of(), chat("{{ m.content }} {% endfor %}"));
        HadoopStore store = HadoopStore.of(spark);
        JavaRDD<Row> rows =
                StageColumns.withReason(rows().withColumnRenamed("q", "prompt")).toJavaRDD();
        assertThatThrownBy(() -> stages.checkFirst(store, rows, Set.of()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the model would never learn to stop");
        stages.checkFirst(store, rows, Set.of(4)); // w2, which ends the only answer
    }

    @Test
    void textsThatNoTokenEndsAreRefused() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        PrepareStages stages = stages(Format.PROMPT_COMPLETION, List.of(), ChatFormat.NONE);
        JavaRDD<Row> rows =
                StageColumns.withReason(rows().withColumnRenamed("q", "prompt")).toJavaRDD();
        assertThatThrownBy(() -> stages.checkFirst(HadoopStore.of(spark), rows, Set.of(4)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("has no end token, so a model would never learn to stop");
    }

    @Test
    void theTemplateIsReadFromWhereTheRecipeSays() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        HadoopStore store = HadoopStore.of(spark);
        LocalDate today = LocalDate.of(2026, 11, 22);
        DataConfig auto = data(Format.ALPACA, "auto");
        assertThat(PrepareStages.chat(store, auto, folder.toString(), today)).isEqualTo(ChatFormat.NONE);
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ eos_token }}");
        ChatFormat chat = PrepareStages.chat(store, auto, folder.toString(), today);
        assertThat(chat.templates()).isEqualTo(Map.of("default", "{{ eos_token }}"));
        assertThat(chat.variables()).isEqualTo(Map.of("eos_token", "<end>"));
        DataConfig missing = data(Format.ALPACA, folder.resolve("other.jinja").toString());
        assertThatThrownBy(() -> PrepareStages.chat(store, missing, folder.toString(), today))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("data.chat_template: " + folder.resolve("other.jinja") + " is no file");
    }

    @Test
    void classesAreNumbersInAColumn() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        PrepareStages stages = stages(Format.CLASSIFICATION, List.of("bad", "good"), ChatFormat.NONE);
        assertThat(stages.columns()).extracting(InputColumn::name).containsExactly("text", "label");
        List<Row> rows = transformed(
                stages,
                List.of(RowFactory.create("w0 w1", "good"), RowFactory.create("w0", "ugly")),
                new StructType().add("text", DataTypes.StringType).add("label", DataTypes.StringType));
        assertThat(rows.get(0).<Integer>getAs("label")).isEqualTo(1);
        assertThat(ints(rows.get(0), "labels")).containsOnly(-100);
        assertThat(rows.get(1).<String>getAs("_reason")).isEqualTo("unknown_label");
    }

    @Test
    void whatATemplateMakesTooLongIsNotTokenized() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        PrepareStages stages = stages(
                Format.PROMPT_COMPLETION,
                List.of(),
                chat("{{ m.content }} <end>"
                        + "{% for c in m.content %} w2 w2 w2 w2 w2 w2 w2 w2 w2 w2 w2{% endfor %} {% endfor %}"));
        ((TokenizeText) stages.transformers().get(1)).setMaxCharacters(200);
        List<Row> rows = transformed(
                stages,
                List.of(RowFactory.create("w0", "w1"), RowFactory.create("w0", "w1w1"), RowFactory.create("w0", "w")),
                new StructType().add("prompt", DataTypes.StringType).add("completion", DataTypes.StringType));
        assertThat(rows).extracting(row -> row.getAs("_reason")).containsExactly(null, "too_many_characters", null);
        assertThat(rows.get(1).<String>getAs("_detail"))
                .isEqualTo("more than 200 characters, the most of data.max_characters");
        assertThat(rows.get(1).isNullAt(rows.get(1).fieldIndex("input_ids"))).isTrue();
    }

    @Test
    void manyBatchesKeepTheirOrder() throws IOException {
        LocalSpark.writeTokenizer(folder, 999);
        PrepareStages stages = stages(Format.TEXT, List.of(), ChatFormat.NONE);
        List<Row> texts = IntStream.range(0, 999)
                .mapToObj(i -> RowFactory.create(i % 100 == 7 ? " " : "w" + i))
                .toList();
        List<Row> rows = transformed(stages, texts, new StructType().add("text", DataTypes.StringType));
        assertThat(rows).hasSize(999);
        for (int i = 0; i < 999; i++) {
            if (i % 100 == 7) {
                assertThat(rows.get(i).<String>getAs("_reason")).isEqualTo("empty");
            } else {
                assertThat(ints(rows.get(i), "input_ids")).containsExactly(i + 2, LocalSpark.END);
                assertThat(rows.get(i).<Integer>getAs("full_length")).isEqualTo(2);
            }
        }
    }

    private List<Row> transformed(PrepareStages stages, List<Row> rows, StructType schema) {
        Dataset<Row> table = spark.createDataFrame(rows, schema).coalesce(1);
        for (Transformer stage : stages.transformers()) {
            table = stage.transform(table);
        }
        return table.collectAsList();
    }

    private PrepareStages stages(Format format, List<String> labels, ChatFormat chat) {
        return PrepareStages.of(data(format, "auto"), labels, chat, folder.toString());
    }

    private static DataConfig data(Format format, String template) {
        return new DataConfig(
                List.of(DataConfig.Source.of("rows.csv")),
                Optional.empty(),
                0,
                format,
                Map.of(),
                "\n",
                Optional.empty(),
                template,
                Map.of(),
                Optional.empty(),
                TrainOn.COMPLETION,
                1024,
                DataConfig.MAX_CHARACTERS,
                TooLong.TRUNCATE,
                DataConfig.Packing.NONE,
                0.01,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                "UTF-8",
                ",",
                true,
                Optional.empty());
    }

    private static ChatFormat chat(String body) {
        return new ChatFormat(Map.of("default", "{% for m in messages %}" + body), Map.of(), "");
    }

    private static List<Integer> ints(Row row, String column) {
        return row.getList(row.fieldIndex(column));
    }

    private static void assertRows(List<Row> rows) {
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).<Integer>getList(rows.get(0).fieldIndex("input_ids")))
                .containsExactly(2, 3, 4, LocalSpark.END);
        assertThat(rows.get(0).<Integer>getList(rows.get(0).fieldIndex("labels")))
                .containsExactly(-100, -100, 4, LocalSpark.END);
        assertThat(rows.get(0).<String>getAs("_reason")).isNull();
        assertThat(rows.get(1).<String>getAs("_reason")).isEqualTo("null_value");
        assertThat(rows.get(1).<String>getAs("_detail")).isEqualTo("null in completion");
        assertThat(rows.get(1).isNullAt(rows.get(1).fieldIndex("input_ids"))).isTrue();
        assertThat(rows.get(2).<String>getAs("_reason")).isEqualTo("empty");
    }

    private PipelineModel stages() throws IOException {
        LocalSpark.writeTokenizer(folder, 9);
        TokenizeText tokenize =
                new TokenizeText().setTokenizer(folder.toString()).setMaxLength(10);
        return new Pipeline()
                .setStages(new PipelineStage[] {render(), tokenize})
                .fit(rows());
    }

    private static RenderText render() {
        return new RenderText()
                .setFormat(Format.PROMPT_COMPLETION)
                .setColumns(Map.of("prompt", List.of("q")))
                .setTrainOn(TrainOn.COMPLETION);
    }

    private Dataset<Row> rows() {
        return spark.createDataFrame(
                List.of(RowFactory.create("w0 w1", " w2"), RowFactory.create("w0", null), RowFactory.create("w0", " ")),
                SCHEMA);
    }
}
