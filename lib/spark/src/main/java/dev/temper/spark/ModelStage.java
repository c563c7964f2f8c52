package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.check.Secrets;
import dev.temper.model.Architecture;
import dev.temper.model.Task;
import dev.temper.spark.SharedModel.Settings;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Base of the stages that apply a model to a text column. Each executor loads the model once, from any location that
 * Hadoop can read; its tasks tokenize in parallel and take turns with the model. The order of rows is preserved, no row
 * is dropped, and a partition is never held in memory as a whole.
 *
 * @param <S> the stage's own type, which setters return
 */
public abstract class ModelStage<S extends ModelStage<S>> extends Transformer implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;
    private static final int BATCH_TOKENS = 4096;

    private final String uid;
    private final Param<String> inputCol;
    private final Param<String> modelFolder;
    private final Param<String> adapterFolder;
    private final Param<String> localFolder;
    private final IntParam threads;
    private final IntParam batchTokens;

    ModelStage(String uid) {
        this.uid = uid; // first: Param reads its parent's uid
        this.inputCol = new Param<>(this, "inputCol", "column with the text");
        this.modelFolder = new Param<>(this, "modelFolder", "location of a model folder in Hugging Face's layout");
        this.adapterFolder = new Param<>(this, "adapterFolder", "location of an adapter over it; empty: none");
        this.localFolder = new Param<>(this, "localFolder", "folder on each machine for copies; temporary when empty");
        this.threads =
                new IntParam(this, "threads", "threads of an executor's model; 0: its cores", ParamValidators.gtEq(0));
        this.batchTokens = new IntParam(
                this, "batchTokens", "tokens computed together; memory grows with it", ParamValidators.gt(0));
        setDefault(inputCol, "text");
        setDefault(adapterFolder, "");
        setDefault(localFolder, "");
        setDefault(threads, 0);
        setDefault(batchTokens, BATCH_TOKENS);
    }

    public S setInputCol(String value) {
        return with(inputCol, value);
    }

    /** Location of the model's folder in Hugging Face's layout. */
    public S setModelFolder(String location) {
        Secrets.refuse("modelFolder", location);
        return with(modelFolder, location);
    }

    /** Location of the folder of an adapter (PEFT's layout) for the model. */
    public S setAdapterFolder(String location) {
        Secrets.refuse("adapterFolder", location);
        return with(adapterFolder, location);
    }

    /** Folder on each executor's machine for copies of remote models; the temporary folder if not set. */
    public S setLocalFolder(String value) {
        return with(localFolder, value);
    }

    /** Threads for computing; 0: all cores of the executor. */
    public S setThreads(int value) {
        return with(threads, value);
    }

    /** Tokens that are computed together in one batch; memory grows with it. */
    public S setBatchTokens(int value) {
        return with(batchTokens, value);
    }

    @SuppressWarnings("unchecked") // a stage passes its own type as S
    final <T> S with(Param<T> param, Object value) {
        set(param.name(), value);
        return (S) this;
    }

    /**
     * @param task as {@link Settings} has it
     * @param labels as {@link Settings} has them
     * @param maxLength tokens at which a text is cut; 0: the model's positions
     */
    final SharedModel model(HadoopStore store, Task task, List<String> labels, int maxLength) {
        check(isDefined(modelFolder), "%s: modelFolder is not set", uid);
        String adapter = $(adapterFolder).isEmpty() ? "" : HadoopStore.resolve($(adapterFolder));
        return new SharedModel(
                store,
                new Settings(
                        HadoopStore.resolve($(modelFolder)),
                        adapter,
                        $(localFolder),
                        task,
                        labels,
                        (Integer) $(threads),
                        (Integer) $(batchTokens),
                        maxLength,
                        ""));
    }

    /** Reads and checks the model's config.json, so that mistakes show before a task starts. */
    static Architecture architecture(SharedModel model) {
        return looked(() -> Architecture.read(model.files().model()));
    }

    /** Reads small files, which may be remote, and reports failures as an unchecked exception. */
    static <T> T looked(Look<T> look) {
        try {
            return look.at();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Work that reads files. */
    interface Look<T> {
        T at() throws IOException;
    }

    /** Index of the text column in the schema, after checking its type. */
    final int input(StructType schema) {
        return text(schema, $(inputCol));
    }

    /** Index of a column in the schema, after checking that it holds texts. */
    final int text(StructType schema, String column) {
        int input = Arrays.asList(schema.fieldNames()).indexOf(column);
        check(input >= 0, "%s: there is no column %s, only %s", uid, column, String.join(", ", schema.fieldNames()));
        check(
                schema.fields()[input].dataType().equals(DataTypes.StringType),
                "%s: column %s is of type %s, a text is needed",
                uid,
                column,
                schema.fields()[input].dataType().simpleString());
        return input;
    }

    final StageColumns.Appended appended(StructType schema, StructType added) {
        for (StructField field : added.fields()) {
            boolean isThere = Arrays.asList(schema.fieldNames()).contains(field.name());
            check(!isThere, "%s: there is a column %s already: name another in the stage", uid, field.name());
        }
        return new StageColumns.Appended(schema, added);
    }

    @Override
    @SuppressWarnings("unchecked") // as in with
    public S copy(ParamMap extra) {
        return (S) defaultCopy(extra);
    }

    @Override
    public String explainParam(Param<?> param) {
        return StageColumns.explained(this, param, super.explainParam(param));
    }

    @Override
    public String uid() {
        return uid;
    }

    // Spark finds the Params of a stage by these methods.

    public Param<String> inputCol() {
        return inputCol;
    }

    public Param<String> modelFolder() {
        return modelFolder;
    }

    public Param<String> adapterFolder() {
        return adapterFolder;
    }

    public Param<String> localFolder() {
        return localFolder;
    }

    public IntParam threads() {
        return threads;
    }

    public IntParam batchTokens() {
        return batchTokens;
    }
}
