package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.generate.GenerationConfig;
import dev.temper.inference.ChatMessage;
import dev.temper.inference.Classification;
import dev.temper.inference.Options;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TextGenerator;
import dev.temper.inference.TinyFolder;
import dev.temper.text.TinyTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("spark")
final class ScoringTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.IntegerType)
            .add("text", DataTypes.StringType)
            .add("label", DataTypes.DoubleType);
    private static final Options ONE = Options.defaults().withThreads(1);

    @TempDir
    Path folder;

    private final SparkSession spark = LocalSpark.session();

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void rowsGetWhatTheClassifierSays(int partitions) throws Exception {
        TinyFolder.classifier(folder);
        TinyTokenizer.writeBare(folder); // an empty text has no tokens
        List<String> texts = texts(600); // more than one window of a partition

        List<Row> rows = classify().transform(rows(texts, partitions)).collectAsList();

        assertThat(rows.get(0).schema().fieldNames())
                .containsExactly("id", "text", "label", "prediction", "predicted_label", "probability");
        assertThat(rows).hasSize(texts.size());
        assertClassified(rows, texts);
    }

    @Test
    void aSavedPipelineFeedsSparksEvaluators() throws Exception {
        TinyFolder.classifier(folder);
        List<String> texts = texts(40);
        PipelineModel pipeline =
                new Pipeline().setStages(new PipelineStage[] {classify()}).fit(rows(texts, 2));
        pipeline.write().overwrite().save(folder.resolve("saved").toString());

        Dataset<Row> scored = PipelineModel.load(folder.resolve("saved").toString())
                .transform(rows(texts, 2))
                .cache();

        List<Row> rows = scored.collectAsList();
        assertClassified(rows, texts);
        // labels are (id % 3): the share of rows whose class is that one
        long right = rows.stream()
                .filter(row -> row.<Double>getAs("prediction") == row.<Integer>getAs("id") % 3)
                .count();
        assertThat(evaluate(scored, "accuracy")).isEqualTo((double) right / rows.size());
        double logLoss = rows.stream()
                .mapToDouble(row -> -Math.log(row.<Vector>getAs("probability").apply(row.<Integer>getAs("id") % 3)))
                .average()
                .orElseThrow();
        assertThat(evaluate(scored, "logLoss")).isCloseTo(logLoss, within(1e-9));
    }

    private static double evaluate(Dataset<Row> scored, String metric) {
        return new MulticlassClassificationEvaluator().setMetricName(metric).evaluate(scored);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void rowsGetWhatTheGeneratorWrites(int partitions) throws Exception {
        Path base = TinyFolder.generator(folder);
        Path adapter = TinyFolder.adapter(base);
        List<String> texts = texts(70);
        GenerateText stage = new GenerateText()
                .setModelFolder(base.toString())
                .setAdapterFolder(adapter.toString())
                .setThreads(1)
                .setMaxNewTokens(6);

        List<Row> rows = stage.transform(rows(texts, partitions)).collectAsList();

        try (TextGenerator generator = TextGenerator.open(base, ONE.withAdapter(adapter))) {
            for (int i = 0; i < texts.size(); i++) {
                String text = texts.get(i);
                assertThat(rows.get(i).<Integer>getAs("id")).isEqualTo(i);
                assertThat(rows.get(i).<String>getAs("generation"))
                        .isEqualTo(text == null ? null : generator.generate(text, GenerationConfig.greedy(6)));
            }
        }
    }

    @Test
    void sampledTextIsTheSameAgainAndDiffersByRow() throws Exception {
        TinyFolder.generator(folder);
        GenerateText stage = new GenerateText()
                .setModelFolder(folder.toString())
                .setThreads(1)
                .setMaxNewTokens(12)
                .setDoSample(true);
        Dataset<Row> same = rows(IntStream.range(0, 100).mapToObj(i -> "abc").toList(), 2);

        List<String> texts = generations(stage, same);

        assertThat(generations(stage, same)).isEqualTo(texts);
        assertThat(generations(stage.setSeed(7), same)).isNotEqualTo(texts);
        assertThat(new HashSet<>(generations(stage.setDoSample(false), same))).hasSize(1);
        assertThat(new HashSet<>(texts)).hasSize(100);
    }

    @Test
    void questionsAreAnsweredThroughTheChatTemplate() throws Exception {
        TinyFolder.generator(folder);
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}");
        GenerateText stage = new GenerateText()
                .setModelFolder(folder.toString())
                .setThreads(1)
                .setMaxNewTokens(6)
                .setChat(true)
                .setSystem("brief");

        List<String> texts = generations(stage, rows(List.of("abc", "de"), 1));
        GenerateText rendered = new GenerateText()
                .setModelFolder(folder.toString())
                .setThreads(1)
                .setMaxNewTokens(6)
                .setRendered(true);
        assertThat(generations(rendered, rows(List.of("system:brief;user:de;"), 1)))
                .containsExactly(texts.get(1));
        assertRefused(rendered.setChat(true), rows(List.of("a"), 1), "chat and rendered exclude each other");
        String own = "{{ messages[-1].content }}!";
        List<String> byOwn = generations(stage.setChatTemplate(own), rows(List.of("abc", "de"), 1));

        try (TextGenerator generator = TextGenerator.open(folder, ONE)) {
            assertThat(texts.get(1))
                    .isEqualTo(generator.generateChat(
                            List.of(ChatMessage.system("brief"), ChatMessage.user("de")), GenerationConfig.greedy(6)));
        }
        try (TextGenerator generator = TextGenerator.open(folder, ONE.withChatTemplate(own))) {
            assertThat(byOwn.get(1))
                    .isEqualTo(generator.generateChat(List.of(ChatMessage.user("de")), GenerationConfig.greedy(6)));
        }
        assertRefused(stage.setChat(false), rows(List.of("a"), 1), "are for chat: set it to true");
    }

    @Test
    void parametersAreExplainedInWords() {
        assertThat(new ClassifyText().setLabels("sad", "glad").explainParams())
                .contains("in order (default: [], current: [sad, glad])", "maxLength: ")
                .doesNotContain("@");
        assertThat(new RenderText().explainParams()).doesNotContain("[L");
        assertThat(new GenerateText().setChat(true).explainParams()).contains("(default: false, current: true)");
    }

    private static List<String> generations(GenerateText stage, Dataset<Row> rows) {
        return stage.transform(rows).collectAsList().stream()
                .map(row -> row.<String>getAs("generation"))
                .toList();
    }

    @Test
    void aRemoteModelIsCopiedOnce() throws Exception {
        TinyFolder.classifier(folder.resolve("model"));
        spark.sparkContext().hadoopConfiguration().set("fs.disk.impl", DiskFileSystem.class.getName());
        Path copies = folder.resolve("copies");
        ClassifyText stage =
                classify().setModelFolder("disk:" + folder.resolve("model")).setLocalFolder(copies.toString());

        stage.transform(rows(texts(20), 4)).collectAsList();
        List<Row> rows = stage.transform(rows(texts(20), 3)).collectAsList();

        assertThat(rows).hasSize(20);
        assertThat(copies.toFile().list()).hasSize(1);
    }

    @Test
    void mistakesShowBeforeAnyTaskStarts() throws Exception {
        Path classifier = TinyFolder.classifier(folder.resolve("classifier"));
        Path generator = TinyFolder.generator(folder.resolve("generator"));
        Dataset<Row> rows = rows(texts(2), 1);
        assertRefused(classify().setInputCol("txt"), rows, "there is no column txt, only id, text, label");
        assertRefused(classify().setInputCol("id"), rows, "column id is of type int, a text is needed");
        assertRefused(classify().setPredictionCol("label"), rows, "there is a column label already");
        assertRefused(classify().setLabels("a", "b"), rows, "labels are for an adapter's head");
        assertRefused(new ClassifyText(), rows, "modelFolder is not set");
        assertRefused(classify().setModelFolder(generator.toString()), rows, generator + " holds no classifier");
        assertRefused(
                classify().setModelFolder(generator.toString()).setAdapterFolder("adapter"),
                rows,
                generator + " holds no classifier: name the classes of the adapter's head as labels");
        assertRefused(
                new GenerateText().setModelFolder(classifier.toString()), rows, classifier + " holds a classifier");
        GenerateText generate = new GenerateText().setModelFolder(generator.toString());
        assertRefused(generate.copy(ParamMap.empty()).setTopP(2), rows, "top_p must be in");
        assertRefused(
                generate.setChat(true).setChatTemplate("own.jinja"),
                rows,
                "chatTemplate is no text of a template: there is no {{ or {% in it");
        assertRefused(generate.setChatTemplate("{% if %}"), rows, "chatTemplate is no valid template: ");
        assertRefused(classify().setModelFolder(folder.resolve("none").toString()), rows, "none");
    }

    @Test
    void whatTheChatTemplateCannotDoShowsBeforeAnyTaskStarts() throws Exception {
        Path generator = TinyFolder.generator(folder);
        Path adapter = TinyFolder.adapter(generator);
        Dataset<Row> rows = rows(texts(2), 1);
        GenerateText chat =
                new GenerateText().setModelFolder(generator.toString()).setChat(true);
        assertRefused(chat, rows, generator + " has no chat template: set chatTemplate, or set chat to false");
        assertRefused(
                chat.copy(ParamMap.empty()).setAdapterFolder(adapter.toString()),
                rows,
                adapter + " has no chat template: set chatTemplate, or set chat to false");
        String strict = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no ' + m.role) }}"
                + "{% endif %}{{ m.content }}{% endfor %}";
        assertThat(generations(chat.setChatTemplate(strict).setMaxNewTokens(1).setThreads(1), rows))
                .hasSize(2);
        assertRefused(
                chat.setSystem("brief"),
                rows,
                "the chat template refuses the system message: line 1, column 69: no system");
        assertRefused(
                chat.setSystem("").setChatTemplate("{{ raise_exception('nothing') }}"),
                rows,
                "the chat template refuses a user's message: line 1, column ");
    }

    @Test
    void aModelThatCannotBeOpenedShowsBeforeAnyTaskStarts() throws Exception {
        Path generator = TinyFolder.generator(folder.resolve("generator"));
        Path classifier = TinyFolder.classifier(folder.resolve("classifier"));
        Path adapter = TinyFolder.adapter(generator);
        Dataset<Row> rows = rows(texts(2), 1);
        GenerateText generate = new GenerateText().setModelFolder(generator.toString());
        ClassifyText classify = classify().setModelFolder(classifier.toString());

        assertRefused(
                generate.copy(ParamMap.empty())
                        .setAdapterFolder(folder.resolve("none").toString()),
                rows,
                "none");
        assertRefused(classify.copy(ParamMap.empty()).setAdapterFolder(adapter.toString()), rows, "task_type");
        assertRefused(
                classify.copy(ParamMap.empty()).setMaxLength(TinyFolder.POSITIONS + 1),
                rows,
                "maxLength 41 is more than the 40 positions of " + classifier);
        assertRefused(
                generate.copy(ParamMap.empty()).setMaxNewTokens(41),
                rows,
                "maxNewTokens 41 is more than the 40 positions of " + generator + ": write fewer");
        Path wider = TinyFolder.generator(folder.resolve("wider"), "\"hidden_size\": 12", "\"hidden_size\": 16");
        assertRefused(
                generate.copy(ParamMap.empty()).setModelFolder(wider.toString()).setAdapterFolder(adapter.toString()),
                rows,
                "the adapter belongs to another base");
        Files.delete(generator.resolve("tokenizer.json"));
        assertRefused(generate, rows, generator + " has no tokenizer.json, which texts are tokenized with");
        Files.writeString(classifier.resolve("tokenizer.json"), "{}");
        assertRefused(classify, rows, classifier + "/tokenizer.json");
        Files.delete(wider.resolve("model.safetensors"));
        assertRefused(generate.copy(ParamMap.empty()).setModelFolder(wider.toString()), rows, "safetensors");
    }

    @Test
    void whatDrawsNeedsTheDrawing() throws Exception {
        TinyFolder.generator(folder);
        GenerateText generate = new GenerateText().setModelFolder(folder.toString());
        Dataset<Row> rows = rows(texts(2), 1);
        for (GenerateText stage : List.of(
                generate.copy(ParamMap.empty()).setTemperature(0.5),
                generate.copy(ParamMap.empty()).setTopK(3),
                generate.copy(ParamMap.empty()).setTopP(0.5),
                generate.copy(ParamMap.empty()).setMinP(0.5))) {
            assertRefused(stage, rows, " changes nothing without doSample: set that to true, or leave it out");
            assertThatThrownBy(() -> stage.transformSchema(rows.schema()))
                    .hasMessageContaining("changes nothing without doSample");
        }
    }

    private static void assertRefused(ModelStage<?> stage, Dataset<Row> rows, String message) {
        assertThatThrownBy(() -> stage.transform(rows))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    private ClassifyText classify() {
        return new ClassifyText()
                .setModelFolder(folder.toString())
                .setThreads(1)
                .setBatchTokens(100);
    }

    private void assertClassified(List<Row> rows, List<String> texts) throws Exception {
        Set<String> seen = new HashSet<>();
        try (TextClassifier classifier = TextClassifier.open(folder, ONE)) {
            List<String> known = texts.stream().filter(text -> text != null).toList();
            var expected = classifier.tryClassify(known).iterator();
            for (int i = 0; i < texts.size(); i++) {
                Row row = rows.get(i);
                assertThat(row.<Integer>getAs("id")).isEqualTo(i);
                assertThat(row.<String>getAs("text")).isEqualTo(texts.get(i));
                Classification result =
                        texts.get(i) == null ? null : expected.next().orElse(null);
                if (result == null) {
                    assertThat(row.<Double>getAs("prediction")).isNull();
                    assertThat(row.<String>getAs("predicted_label")).isNull();
                    assertThat(row.<Vector>getAs("probability")).isNull();
                    continue;
                }
                seen.add(result.label());
                assertThat(row.<String>getAs("predicted_label")).isEqualTo(result.label());
                assertThat(row.<Double>getAs("prediction"))
                        .isEqualTo(classifier.labels().indexOf(result.label()));
                assertThat(row.<Vector>getAs("probability").toArray())
                        .containsExactly(result.probabilities(), within(1e-6));
            }
        }
        assertThat(seen).hasSizeGreaterThan(1);
    }

    /** Of all lengths, every seventh null or empty, except in short lists. */
    private static List<String> texts(int count) {
        Random random = new Random(3);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String text = random.ints(1 + random.nextInt(30), 'a', 'z')
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            texts.add(count <= 40 || i % 7 > 0 ? text : i % 2 == 0 ? null : "");
        }
        return texts;
    }

    private Dataset<Row> rows(List<String> texts, int partitions) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            rows.add(RowFactory.create(i, texts.get(i), (double) (i % 3)));
        }
        return spark.createDataFrame(rows, SCHEMA)
                .repartitionByRange(partitions, functions.col("id"))
                .sortWithinPartitions("id");
    }
}
