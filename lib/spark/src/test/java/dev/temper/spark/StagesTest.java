package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.text.DataConfig.Format;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
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
        assertThat(rows.get(0).<String>getAs("reason")).isEqualTo("too_long");
        assertThat(rows.get(0).<String>getAs("detail")).isEqualTo("4 tokens, at most 3");
        assertThat(copies.toFile().list()).hasSize(1);
    }

    private static void assertRows(List<Row> rows) {
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).<Integer>getList(rows.get(0).fieldIndex("input_ids")))
                .containsExactly(2, 3, 4, LocalSpark.END);
        assertThat(rows.get(0).<Integer>getList(rows.get(0).fieldIndex("labels")))
                .containsExactly(-100, -100, 4, LocalSpark.END);
        assertThat(rows.get(0).<String>getAs("reason")).isNull();
        assertThat(rows.get(1).<String>getAs("reason")).isEqualTo("null_value");
        assertThat(rows.get(1).<String>getAs("detail")).isEqualTo("null in completion");
        assertThat(rows.get(1).isNullAt(rows.get(1).fieldIndex("input_ids"))).isTrue();
        assertThat(rows.get(2).<String>getAs("reason")).isEqualTo("empty");
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
