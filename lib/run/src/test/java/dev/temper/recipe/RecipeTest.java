package dev.temper.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.adapter.LoraConfig;
import dev.temper.check.InvalidInputException;
import dev.temper.model.Task;
import dev.temper.quant.Quantization;
import dev.temper.storage.LocalStore;
import dev.temper.text.DataConfig;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RecipeTest {
    private static final String SMALL =
            """
            model: {base: models/tiny}
            data: {train: rows.csv}
            output: out
            """;

    @TempDir
    private Path folder;

    @Test
    void smallestRecipeIsCompletedByDefaults() {
        Recipe recipe = read(SMALL);

        assertThat(recipe.name()).isEqualTo("recipe");
        assertThat(recipe.model())
                .isEqualTo(new Recipe.Model(
                        "models/tiny",
                        Task.CAUSAL_LM,
                        List.of(),
                        Recipe.Precision.AUTO,
                        Recipe.Weights.FLOAT32,
                        Optional.empty(),
                        List.of()));
        assertThat(recipe.adapter()).isEmpty();
        assertThat(recipe.data().train()).containsExactly(DataConfig.Source.of("rows.csv"));
        assertThat(recipe.data().columns())
                .isEqualTo(Map.of("prompt", List.of("prompt"), "completion", List.of("completion")));
        assertThat(recipe.data().separator()).isEqualTo("\n");
        assertThat(recipe.training().learningRate()).hasValue(2e-5);
        assertThat(recipe.training().adamEpsilon()).isEqualTo(1e-8);
        assertThat(recipe.training().microBatchTokens()).isEmpty();
        assertThat(recipe.cluster().collectiveTimeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(recipe.tracking()).containsExactly("console");
    }

    @Test
    void adapterBringsItsOwnDefaults() {
        Recipe recipe = read(SMALL, "adapter.r=4", "adapter.target_modules=[q_proj, v_proj]");

        LoraConfig lora = recipe.adapter().orElseThrow();
        assertThat(lora.r()).isEqualTo(4);
        assertThat(lora.loraAlpha()).isEqualTo(16);
        assertThat(lora.targetModules()).containsExactly("q_proj", "v_proj");
        assertThat(recipe.training().learningRate()).hasValue(2e-4);
        assertThat(read(SMALL, "adapter={}").adapter().orElseThrow().targetModules())
                .containsExactly("all-linear");
    }

    @Test
    void adapterHasPeftsSettings() {
        Recipe recipe = read(
                SMALL,
                "adapter.rank_pattern={down_proj: 16}",
                "adapter.alpha_pattern={layers.0.*q_proj: 2.5}",
                "adapter.layers_to_transform=[0, 2]",
                "adapter.modules_to_save=[lm_head]",
                "adapter.exclude_modules=k_proj",
                "adapter.use_dora=true",
                "adapter.init_lora_weights=gaussian");

        LoraConfig lora = recipe.adapter().orElseThrow();
        assertThat(lora.rankPattern()).isEqualTo(Map.of("down_proj", 16));
        assertThat(lora.alphaPattern()).isEqualTo(Map.of("layers.0.*q_proj", 2.5));
        assertThat(lora.layersToTransform()).containsExactly(0, 2);
        assertThat(lora.modulesToSave()).containsExactly("lm_head");
        assertThat(lora.excludeModules()).containsExactly("k_proj");
        assertThat(lora.useDora()).isTrue();
        assertThat(lora.initLoraWeights()).isEqualTo("gaussian");
        assertThat(read(RecipeFile.resolved(recipe)).adapter()).isEqualTo(recipe.adapter());
        assertThat(read(SMALL, "adapter={}").adapter().orElseThrow().initLoraWeights())
                .isEqualTo(true);
    }

    @Test
    void overridesWinAndAreYaml() {
        Recipe recipe = read(
                SMALL,
                "data.columns={prompt: q, completion: [a, b]}",
                "training.learning_rate=1e-3",
                "training.weight_decay=.5",
                "training.max_steps=3",
                "training.max_steps=5",
                "training.eval_strategy=no",
                "training.lr_scheduler_type=constant_with_warmup",
                "cluster.collective_timeout=5m",
                "data.separator=\"=\"",
                "data.train=[{location: a, weight: 2}, b]",
                "name=other");

        assertThat(recipe.data().columns()).isEqualTo(Map.of("prompt", List.of("q"), "completion", List.of("a", "b")));
        assertThat(recipe.training().learningRate()).hasValue(1e-3);
        assertThat(recipe.training().weightDecay()).isEqualTo(0.5);
        assertThat(recipe.training().maxSteps()).hasValue(5);
        assertThat(recipe.training().evalStrategy()).isEqualTo(IntervalStrategy.NO);
        assertThat(recipe.training().lrSchedulerType()).isEqualTo(Schedule.Type.CONSTANT_WITH_WARMUP);
        assertThat(recipe.cluster().collectiveTimeout()).isEqualTo(Duration.ofMinutes(5));
        assertThat(recipe.data().separator()).isEqualTo("=");
        assertThat(recipe.data().train()).containsExactly(new DataConfig.Source("a", 2), DataConfig.Source.of("b"));
        assertThat(recipe.name()).isEqualTo("other");
    }

    @Test
    void nothingOrNullIsAsIfLeftOut() {
        assertThat(read(
                        SMALL,
                        "adapter.r=4",
                        "adapter=",
                        "training.batch_size=null",
                        "training.micro_batch_tokens=auto"))
                .isEqualTo(read(SMALL));
    }

    /** YAML reads 1e-5 as a text. */
    @Test
    void scheduleTakesWhatItKnows() {
        Recipe recipe = read(
                SMALL,
                "training.lr_scheduler_type=cosine_with_min_lr",
                "training.lr_scheduler_kwargs={min_lr: 1e-5, num_cycles: 1}");

        assertThat(recipe.training().lrSchedulerKwargs()).isEqualTo(Map.of("min_lr", 1e-5, "num_cycles", 1));
        assertThat(RecipeFile.resolved(recipe)).contains("min_lr: 1.0E-5");
    }

    @Test
    void quantizationHasDefaults() {
        assertThat(read(SMALL, "adapter={}", "model.quantization={}").model().quantization())
                .hasValue(Quantization.nf4());
        assertThat(read(SMALL, "adapter={}", "model.quantization.double_quant=false")
                        .model()
                        .quantization())
                .hasValue(new Quantization(Quantization.Type.NF4, false, List.of()));
        assertThat(read(SMALL, "adapter={}", "model.quantization.skip_modules=[o_proj]")
                        .model()
                        .quantization())
                .hasValue(new Quantization(Quantization.Type.NF4, true, List.of("o_proj")));
    }

    @Test
    void columnsFollowTheFormat() {
        assertThat(read(SMALL, "data.format=text").data().columns()).isEqualTo(Map.of("text", List.of("text")));
        assertThat(read(SMALL, "data.columns.prompt=q").data().columns())
                .isEqualTo(Map.of("prompt", List.of("q"), "completion", List.of("completion")));
    }

    @Test
    void tablesStandWhereLocationsDo() {
        Recipe recipe = read(
                SMALL,
                "data.train=[a.csv, {table: c.s.t, weight: 2}, {sql: SELECT 1}]",
                "data.eval={format: delta, location: s3a://b/t, options: {versionAsOf: 3, x: true}}");
        assertThat(recipe.data().train())
                .extracting(DataConfig.Source::name)
                .containsExactly("a.csv", "table c.s.t", "sql");
        assertThat(recipe.data().train()).extracting(DataConfig.Source::share).containsExactly(1.0, 2.0, 1.0);
        assertThat(recipe.data().eval().get().name()).isEqualTo("delta s3a://b/t");
        assertThat(recipe.data().eval().get().options().get()).isEqualTo(Map.of("versionAsOf", 3, "x", true));
        assertThat(recipe.data().tables()).hasSize(3);
        assertThat(RecipeFile.ofResolved(
                                YamlText.parse(RecipeFile.resolved(recipe), "x").deepCopy())
                        .data()
                        .train())
                .isEqualTo(recipe.data().train());
        assertThatThrownBy(() -> read(SMALL, "data.train={table: t}", "training.shuffle=false"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("training.shuffle: false trains on rows in the order of the data, and a table (table t) has"
                        + " none: leave it out, or write the rows to a file in the order you want");
        assertThatThrownBy(() -> read(SMALL, "data.train={table: t}", "data.eval={table: t}"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("data.eval and data.train both name table t: rows that are learned measure");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.weights=float32",
                "model.quantization=none",
                "model.labels=[]",
                "model.precision=auto",
                "data.packing=none",
                "data.train_on=completion",
                "data.stages=[]",
                "training.save_strategy=epoch",
                "training.optimizer_offload=false",
                "cluster.sync_every=1",
                "tracking=[console]"
            })
    void valuesThatHoldAnywayAreAccepted(String override) {
        assertThat(read(SMALL, override)).isEqualTo(read(SMALL));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data.max_lenght=5 | unknown key data.max_lenght; did you mean data.max_length?",
                "a.b=5 | unknown key a; the keys here are ",
                "trainin.seed=5 | unknown key trainin; did you mean training?",
                "max_length=5 | unknown key max_length; did you mean data.max_length?",
                "training.workers=5 | unknown key training.workers; did you mean cluster.workers?",
                "training.zzzzzzzz=5 | unknown key training.zzzzzzzz; docs/recipe.md has the keys of training",
                "data.columns={prompd: q} | unknown key data.columns.prompd; did you mean data.columns.prompt?",
                "data.columns={text: q} | unknown key data.columns.text; the keys here are prompt, completion",
                "training.batch_size=eight | training.batch_size must be a whole number, got 'eight'",
                "training.batch_size=1.5 | training.batch_size must be a whole number, got 1.5",
                "training.batch_size=5000000000 | training.batch_size must be a whole number, got 5000000000",
                "training.seed=x | training.seed must be a whole number, got 'x'",
                "training.learning_rate=fast | training.learning_rate must be a number, got 'fast'",
                "training.learning_rate=true | training.learning_rate must be a number, got true",
                "training.shuffle=yes | training.shuffle must be true or false, got 'yes'",
                "model.base=7 | model.base must be a text, got 7: put it in quotes",
                "model.base=[a] | model.base must be a text, got [\"a\"]",
                "model=tiny | model must be a section such as model: {base: …}, got 'tiny'",
                "data.columns=text | data.columns must be a mapping such as {prompt: question}, got 'text'",
                "data.too_long=cut | data.too_long must be truncate or drop or fail, got 'cut'",
                "data.train=[{weight: 2}] | data.train, data.eval: a source of data is one of a location, {table: ",
                "data.train={sql: SELECT 1, location: a} | data.train, data.eval: a source of data is one of a"
                        + " location",
                "data.train={table: a, options: {b: c}} | data.train, data.eval: options belong to a format; leave"
                        + " them",
                "data.train={format: a, options: {b: [c]}} | data.train, data.eval: the option b must be a text, a"
                        + " number",
                "data.train={tabel: a} | unknown key data.train.tabel; did you mean data.train.table?",
                "data.train={sql: ''} | data.train, data.eval: a name in it is empty; a source of data is one of",
                "data.train=[{table: a.b}, {table: a.b, weight: 2}] | data.train names table a.b twice: leave one out",
                "data.train={sql: \"SELECT '***'\"} | data: *** stands where run.yaml has left out what may be secret",
                "data.train={format: jdbc, options: {url: '***'}} | data: *** stands where run.yaml has left out",
                "data.train={dataframe: rows} | data: {dataframe: rows} is one that a program hands over, and a"
                        + " command",
                "data.eval={table: a, weight: 2} | data.eval: a weight says how training data is mixed, and changes",
                "data.train=[{location: a, weigth: 1}] | unknown key data.train[0].weigth; did you mean",
                "data.train= | data.train is missing from the recipe",
                "model.base= | model.base is missing from the recipe",
                "output= | output is missing from the recipe",
                "data.max_train_rows=0 | data.max_train_rows must be positive, got 0; leave it out for all rows",
                "data.max_eval_rows=-1 | data.max_eval_rows must be positive, got -1; leave it out for all rows",
                "data.max_length=0 | data.max_length must be at least 2 tokens, got 0",
                "data.encoding=utf-9 | data.encoding: this Java does not know utf-9",
                "cluster.collective_timeout=60 | cluster.collective_timeout must be a time such as 60s or 5m, got 60",
                "generation.prompts=[a, 5] | generation.prompts[1] must be a text, got 5: put it in quotes",
                "training.optim=paged_adamw_8bit | training.optim: paged_adamw_8bit is not built yet; use adamw_8bit",
                "training.lr_scheduler_kwargs={min_lr: 1} | training.lr_scheduler_kwargs.min_lr: lr_scheduler_type",
                "training.lr_scheduler_type=cosine_with_min_lr | lr_scheduler_type cosine_with_min_lr needs either",
                "training.optim=adamv | training.optim must be adamw or adamw_8bit or adafactor or lion or",
                "model.quantization=int8 | model.quantization must be a section such as quantization: {type: …}, got",
                "data=[] | data must be a section such as data: {train: …}, got []",
                "training.lr_scheduler_type=cosin | training.lr_scheduler_type must be one of its 9 names, such as"
                        + " cosine, got 'cosin'",
                "training.lr_scheduler_type=x | training.lr_scheduler_type must be one of its 9 names, in docs/rec",
                "data.chat_template_kwargs={api_key: '***'} | data.chat_template_kwargs.api_key: *** stands where"
                        + " run.yaml has left out a secret; add data.chat_template_kwargs.api_key=… to the command",
                "model.weights=fp16 | model.weights must be float32 or bf16, got 'fp16'",
                "model.precision=fp16 | model.precision must be auto or fp32 or bf16, got 'fp16'",
                "model.base=hub:a/b | model.base: hub:a/b: model hubs are not built yet; download the folder",
                "tracking=[console, mlflow] | tracking: mlflow is not built yet; use console",
                "tracking=consol | tracking must be console, got 'consol'",
                "cluster.sync_every=4 | cluster.sync_every: 4 is not built yet; use 1",
                "adapter={init_from: a, r: 4} | adapter.r comes from the adapter in adapter.init_from",
                "training | the override 'training' must be key=value",
                "data.train.location=5 | the override data.train.location does not fit: train is not a section",
                "data.columns={a: 1, a: 2} | the override data.columns, line 1, column",
            })
    void oneSentenceNamesTheMistake(String override, String message) {
        assertThatThrownBy(() -> read(SMALL, override))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void mistakesInTheFileHaveTheirPlace() {
        assertThatThrownBy(() -> read("model: {base: a}\ndata:\n\ttrain: b\n"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageMatching(".*recipe.yaml, line 3, column 1: a tab, and YAML indents with spaces alone; .*");
        assertThatThrownBy(() -> read("output: a\noutput: b\n"))
                .hasMessageMatching(".*recipe.yaml, line 2, column \\d+: duplicate key 'output'");
        assertThatThrownBy(() -> read("output: &a b\nname: *a\n"))
                .hasMessageContaining("recipe.yaml, line 2: the alias *a is not read in a recipe");
        assertThatThrownBy(() -> read(SMALL + "---\n" + SMALL)).hasMessageContaining("a second document begins");
        assertThatThrownBy(() -> read("")).hasMessageContaining("recipe.yaml is not a recipe");
        assertThatThrownBy(() -> RecipeFile.read(new LocalStore(), "nowhere.yaml", List.of()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("the recipe nowhere.yaml does not exist");
    }

    @Test
    void resolvedRecipeReadsAsTheSame() {
        Recipe recipe = read(
                SMALL,
                "adapter.lora_alpha=32",
                "training.learning_rate=1e-10",
                "data.train=[{location: a, weight: 2}, b]",
                "data.separator=\" \\t\"",
                "cluster.collective_timeout=1500ms",
                "generation.prompts=[\"no\", \"1e-4\"]");

        assertThat(read(RecipeFile.resolved(recipe))).isEqualTo(recipe);
        Recipe continued = read(SMALL, "adapter.init_from=folder");
        assertThat(read(RecipeFile.resolved(continued))).isEqualTo(continued);
    }

    @Test
    void resolvedRecipeHoldsNoSecret() {
        String resolved = RecipeFile.resolved(read(
                SMALL,
                "data.system='ask https://AKIAKEY:hidden/part@host/rows?X-Amz-Signature=hidden&x=1'",
                "data.chat_template_kwargs={api_key: hidden, x: s3a://AKIAKEY:hidden@bucket}",
                "output='abfss://container@account.dfs.core.windows.net/out'"));

        assertThat(resolved)
                .doesNotContain("hidden", "AKIAKEY")
                .contains("https://host/rows?X-Amz-Signature=***&x=1", "s3a://bucket", "abfss://container@account.dfs");
    }

    @Test
    void hashIsTheIdentityOfTheRun() {
        String hash = RecipeIdentity.hash(read(SMALL));

        assertThat(hash).matches("[0-9a-f]{64}");
        assertThat(RecipeIdentity.hash(read(
                        SMALL,
                        "cluster.workers=3",
                        "training.logging_steps=1",
                        "training.optimizer_offload=true",
                        "output=b",
                        "tracking=[]")))
                .isEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "training.learning_rate=0.00002", "training.num_train_epochs=1.0")))
                .isEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "training.seed=1"))).isNotEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "training.label_smoothing_factor=0.1")))
                .isNotEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "training.neftune_noise_alpha=5")))
                .isNotEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "model.weights=bf16"))).isNotEqualTo(hash);
        assertThat(RecipeIdentity.hash(read(SMALL, "adapter.r=8"))).isNotEqualTo(hash);
    }

    private Recipe read(String text, String... overrides) {
        try {
            Path file = Files.writeString(folder.resolve("recipe.yaml"), text);
            return RecipeFile.read(new LocalStore(), file.toString(), List.of(overrides));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
