package dev.temper.spark.preparing;

import dev.temper.spark.DataSettings;
import dev.temper.spark.FailOnce;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.SparkSession;

/** Prepares a folder of prompts and completions; in the middle, one executor ends. */
public final class PrepareRowsMain {
    private PrepareRowsMain() {}

    /** Arguments: a folder with {@code data} and {@code tokenizer}, and the name of the folder to write into. */
    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder().appName("prepare").getOrCreate()) {
            Path folder = Path.of(args[0]);
            FailOnce end = FailOnce.endingTheProcess(folder.resolve("ended"));
            PreparedData prepared = prepare(spark, folder, args[1], List.of(end));
            System.out.println("prepared " + prepared.rows());
        }
    }

    public static PreparedData prepare(SparkSession spark, Path folder, String out, List<Transformer> first)
            throws IOException {
        DataConfig data = new DataSettings()
                .training(folder.resolve("data"))
                .evaluating(0.05)
                .config();
        HadoopStore store = HadoopStore.of(spark);
        Preparation plain =
                PlainText.preparation(store, data, folder.resolve("tokenizer").toString());
        List<Transformer> stages = new ArrayList<>(first);
        stages.addAll(plain.stages());
        Preparation preparation = new Preparation(plain.columns(), stages, plain.settings());
        return PreparedData.prepare(
                spark, data, 42, preparation, store.folder(folder.resolve(out).toString()));
    }
}
