package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.recipe.IdleKeys;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.YamlText;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.storage.LocalStore;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and options that would change nothing. */
final class IdleKeysTest {
    private static final String CLASSIFIER =
            "model={base: a, task: sequence_classification, labels: [n, p]} data.format=classification ";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "generation.top_p=0.3 | generation.top_p changes nothing with generation.do_sample: false; set"
                        + " generation.do_sample: true, or leave it out",
                "generation.temperature=0.7 | generation.temperature changes nothing with generation.do_sample: false;",
                "generation.top_k=5 | generation.top_k changes nothing with generation.do_sample: false;",
                "generation.min_p=0.1 | generation.min_p changes nothing with generation.do_sample: false;",
                "training.warmup_steps=3 training.warmup_ratio=0.1 | training.warmup_ratio changes nothing beside"
                        + " training.warmup_steps; leave it out",
                "training.warmup_steps=3 training.lr_scheduler_type=constant | training.warmup_steps changes nothing"
                        + " with training.lr_scheduler_type: constant; write constant_with_warmup, or leave it out",
                "training.warmup_ratio=0.1 training.lr_scheduler_type=constant | training.warmup_ratio changes nothing",
                "training.eval_steps=5 | training.eval_steps changes nothing with training.eval_strategy: epoch; set"
                        + " training.eval_strategy: steps, or leave it out",
                "training.save_steps=5 | training.save_steps changes nothing with training.save_strategy: epoch;",
                "training.early_stopping_threshold=0.1 | training.early_stopping_threshold changes nothing without"
                        + " training.early_stopping_patience; set that, or leave it out",
                "data.format=text data.chat_template=x.jinja | data.chat_template changes nothing with data.format:"
                        + " text; write data.format: prompt_completion, or leave it out",
                "data.format=text data.system=Hello | data.system changes nothing with data.format: text;",
                "data.format=text data.train_on=assistant | data.train_on changes nothing with data.format: text, of"
                        + " which all is learned; leave it out",
                "data.packing=wrapped data.too_long=drop | data.too_long changes nothing with data.packing: wrapped,"
                        + " which cuts the stream of all rows; leave it out",
                "data.train=[{location: a, weight: 2}] | data.train: a weight changes nothing with one location; leave"
                        + " it out",
                "data.chat_template=none data.date=2026-01-02 | data.date changes nothing with data.chat_template:"
                        + " none; give a template, or leave it out",
                CLASSIFIER + "data.system=Hello | data.system changes nothing with data.format: classification; leave",
                CLASSIFIER + "data.chat_template_kwargs={a: 1} | data.chat_template_kwargs changes nothing with data",
                CLASSIFIER + "generation.max_new_tokens=5 | generation.max_new_tokens changes nothing with model.task:"
                        + " sequence_classification; leave it out",
                CLASSIFIER + "generation.eval_prompts=5 | generation.eval_prompts changes nothing with model.task:"
            })
    void whatWasMeantToDoSomethingIsRefused(String overrides, String says) {
        assertThatThrownBy(() -> read(overrides))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(says);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "training.max_steps=5 training.num_train_epochs=3 | training.num_train_epochs changes nothing beside"
                        + " training.max_steps",
                "training.save_strategy=no training.save_steps=5 | training.save_steps changes nothing with"
                        + " training.save_strategy: no",
                "training.save_strategy=no training.save_total_limit=5 | training.save_total_limit changes nothing"
                        + " with training.save_strategy: no",
                "training.eval_strategy=no training.eval_steps=5 | training.eval_steps changes nothing with"
                        + " training.eval_strategy: no",
                "training.optim=sgd training.adam_beta1=0.8 | training.adam_beta1 changes nothing with training.optim:"
                        + " sgd",
                "training.optim=lion training.adam_epsilon=0.1 | training.adam_epsilon changes nothing with"
                        + " training.optim: lion",
                "training.optim=sgd training.optimizer_offload=true | training.optimizer_offload changes nothing with"
                        + " training.optim: sgd",
                "data.max_eval_rows=5 | data.max_eval_rows changes nothing without data.eval or data.eval_fraction",
                "data.separator=x | data.separator changes nothing where no role has several columns: it joins these"
                        + " alone",
                "generation.max_new_tokens=5 | generation.max_new_tokens changes nothing without generation.prompts or"
                        + " generation.eval_prompts"
            })
    void whatAnotherKeySwitchesOffIsSaid(String overrides, String says) {
        assertThat(IdleKeys.notes(read(overrides))).containsExactly(says);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "generation.do_sample=true generation.top_p=0.3 generation.prompts=a",
                "generation.top_p=1 generation.temperature=1",
                "training.warmup_ratio=0.1 training.warmup_steps=0",
                "training.lr_scheduler_type=constant training.warmup_steps=0",
                "training.eval_strategy=steps training.eval_steps=5",
                "training.optim=lion training.adam_beta2=0.99",
                "data.format=text data.chat_template=none data.train_on=all",
                "data.format=alpaca data.chat_template=none data.system=Hello data.separator=x",
                "data.columns.prompt=[a, b] data.separator=x",
                "data.train=[{location: a, weight: 2}, b]",
                "data.packing=bfd data.too_long=drop",
                CLASSIFIER + "data.chat_template=none"
            })
    void whatChangesSomethingOrSaysWhatIsSoAnywayIsNot(String overrides) {
        assertThat(IdleKeys.notes(read(overrides))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a.jsonl data.delimiter=; | data.delimiter changes nothing, as no CSV or TSV file is read; leave"
                        + " it out",
                "a.parquet data.header=false | data.header changes nothing, as no CSV or TSV file is read; leave"
                        + " it out",
                "a.parquet data.encoding=latin1 | data.encoding changes nothing, as only Parquet files are read; leave"
                        + " it out",
                "a.tsv data.header=false | ",
                "a.jsonl data.encoding=latin1 | ",
                "a.parquet data.encoding=utf8 | ",
                "a.jsonl data.eval=@/a.csv data.delimiter=; data.header=false | "
            })
    void whatNoFileIsReadWithIsRefused(String overrides, String says) throws IOException {
        for (String name : List.of("a.csv", "a.tsv", "a.jsonl", "a.parquet")) {
            Files.writeString(folder.resolve(name), "x\n");
        }
        DataConfig data = read(("data.train=@/" + overrides).replace("@", folder.toString()))
                .data();
        if (says == null) {
            PreparedData.verifyFiles(Jobs.store(), data);
        } else {
            assertThatThrownBy(() -> PreparedData.verifyFiles(Jobs.store(), data))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessage(says);
        }
    }

    /** It holds every key. */
    @Test
    void theRecipeOfARunSetsNothing() {
        for (String overrides : List.of("training.seed=1", CLASSIFIER, "data.format=text")) {
            Recipe recipe = read(overrides);
            assertThat(IdleKeys.notes(recipe)).isEmpty();
            IdleKeys.refuse(
                    RecipeFile.ofResolved((ObjectNode) YamlText.parse(RecipeFile.resolved(recipe), "run.yaml")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--temperature=0.7", "--top-k=5", "--top-p=0.3", "--min-p=0.1", "--seed=7"})
    void optionsOfDrawingNeedIt(String option) {
        Exit exit = Temper.run(
                new String[] {"generate", "folder", "--prompt", "a", option}, new GenerateCommand(request -> {}));

        assertThat(exit)
                .isEqualTo(new Exit(
                        2,
                        option.replaceAll("=.*", "")
                                + " changes nothing without --do-sample; add that, or leave it out"));
    }

    private Recipe read(String overrides) {
        try {
            Path file =
                    Files.writeString(folder.resolve("recipe.yaml"), "model: {base: a}\ndata: {train: b}\noutput: c\n");
            return RecipeFile.read(new LocalStore(), file.toString(), List.of(overrides.split(" (?=[a-z0-9_.]+=)")));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
