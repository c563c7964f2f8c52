package dev.temper.jobs;

import static dev.temper.jobs.Damage.data;
import static dev.temper.jobs.Mistake.with;

import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.run.output.RunOutput;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The commonest mistakes of a first day, for {@link BadInputTest}. */
final class CommonMistakes {
    private static final String NO_END = "data.chat_template=\"{% for m in messages %}{{ m.content }} {% endfor %}\"";

    private CommonMistakes() {}

    static Stream<Mistake> all() {
        return Stream.of(recipe(), yaml(), places(), rows()).flatMap(mistakes -> mistakes);
    }

    private static Stream<Mistake> recipe() {
        return Stream.of(
                with("a typo", "unknown key data.max_lenght; did you mean data.max_length?", "data.max_lenght=64"),
                with(
                        "another tool's name",
                        "unknown key training.per_device_train_batch_size; write training.batch_size, the rows of an"
                                + " update over all workers together",
                        "training.per_device_train_batch_size=8"),
                with(
                        "a key that has no effect",
                        "training.warmup_ratio changes nothing beside training.warmup_steps; leave it out",
                        "training.warmup_ratio=0.1",
                        "training.warmup_steps=10"),
                with(
                        "steps without a strategy",
                        "training.eval_steps changes nothing with training.eval_strategy: epoch; set"
                                + " training.eval_strategy: steps, or leave it out",
                        "training.eval_steps=100"),
                with(
                        "a key of another task",
                        "model.labels are the classes of model.task: sequence_classification; leave them out",
                        "model.labels=[bad, good]"),
                with(
                        "wrong type",
                        "training.batch_size must be a whole number, got 'eight'",
                        "training.batch_size=eight"),
                with("a list for a text", "model.base must be a text, got [\"a\",\"b\"]", "model.base=[a, b]"),
                with(
                        "a text for a section",
                        "adapter must be a section such as adapter: {type: …}, got 'lora'",
                        "adapter=lora"),
                with("a number for a text", "name must be a text, got 2024: put it in quotes", "name=2024"),
                with("missing key", "model.base is missing from the recipe", "model.base="),
                with(
                        "negative rate",
                        "training.learning_rate must be positive, got -1.0E-4",
                        "training.learning_rate=-1e-4"),
                with("negative batch", "training.batch_size must be positive, got -8", "training.batch_size=-8"),
                with(
                        "a word that is none of its names",
                        "training.lr_scheduler_type must be one of its 9 names, such as cosine, got 'cosin'",
                        "training.lr_scheduler_type=cosin"),
                with("an empty location", "data.eval is empty; name a location", "data.eval=''"));
    }

    private static Stream<Mistake> yaml() {
        return Stream.of(
                written(
                        "wrong indentation",
                        "data:\n  train: a.csv\n   format: text\n",
                        "line 3, column 10: a key in the midst of a value; indent the keys of a section alike, and put"
                                + " a text with ': ' in quotes"),
                written(
                        "indentation of another kind",
                        "data:\n    train: a.csv\n  format: text\n",
                        "line 3, column 3: this line stands neither in the section above it nor beside it; indent the"
                                + " keys of a section alike"),
                new Mistake(
                        "no indentation",
                        folder -> Files.writeString(folder.resolve("recipe.yaml"), "data:\ntrain: a.csv\n"),
                        "unknown key train; did you mean data.train?"),
                written(
                        "a tab",
                        "data:\n\ttrain: a.csv\n",
                        "line 2, column 1: a tab, and YAML indents with spaces alone; put spaces in its place"),
                written("a key twice", "output: a\noutput: b\n", "line 2, column 7: duplicate key 'output'"));
    }

    /** In the file. */
    private static Mistake written(String name, String text, String says) {
        return new Mistake(
                name, folder -> Files.writeString(folder.resolve("recipe.yaml"), text), "@/recipe.yaml, " + says);
    }

    private static Stream<Mistake> places() {
        return Stream.of(
                with(
                        "a file with a typo",
                        "data.train: @/trian.csv does not exist (@/train.csv?); name a file or folder that does",
                        "data.train=@/trian.csv"),
                with(
                        "a model with a typo",
                        "model.base: @/bas does not exist (@/base?); name a folder that does",
                        "model.base=@/bas"),
                with(
                        "a model of a hub",
                        "model.base: nobody/Tiny-1.1B does not exist; model hubs are not built yet: download its folder"
                                + " and name that",
                        "model.base=nobody/Tiny-1.1B"),
                new Mistake(
                        "an output that exists",
                        folder -> Files.writeString(
                                Files.createDirectories(folder.resolve("output"))
                                        .resolve("thesis.txt"),
                                "mine"),
                        "output: @/output holds files that are no run of Temper; name another folder or empty it"),
                new Mistake(
                        "an output of another recipe",
                        CommonMistakes::otherRun,
                        "output: @/output holds the run of another recipe: training.learning_rate is 0.001 there and"
                                + " 0.002 here; name another folder or empty it",
                        "training.learning_rate=2e-3"));
    }

    private static void otherRun(Path folder) throws IOException {
        Recipe other = RecipeFile.read(
                new LocalStore(), folder.resolve("recipe.yaml").toString(), List.of("training.learning_rate=1e-3"));
        RunOutput.of(Folder.local(folder.resolve("output"))).writeRecipe(other, other.in(Recipe.Precision.FP32), "");
    }

    private static Stream<Mistake> rows() {
        return Stream.of(
                new Mistake(
                        "a wrong column",
                        data("prompts,answer\na,b\n"),
                        "data: @/train.csv has no column prompt (prompts?); it has prompts, answer"),
                new Mistake(
                        "a wrong column of many",
                        data("a_long_name_of_a_column_1,a_long_name_of_a_column_2,a_long_name_of_a_column_3,"
                                + "a_long_name_of_a_column_4,a_long_name_of_a_column_5\n1,2,3,4,5\n"),
                        "data: @/train.csv has no column prompt; it has a_long_name_of_a_column_1,"
                                + " a_long_name_of_a_column_2, a_long_name_of_a_column_3 and 2 more"),
                with(
                        "a prompt that is too long",
                        "generation.prompts: 'word word word word word word word word …' has",
                        "generation.prompts=[\"" + "word ".repeat(300) + "\"]"),
                new Mistake(
                        "prompts that leave no room for answers",
                        data("prompt,completion\n" + "word ".repeat(80) + ",c\n"),
                        "data: 1 of 1 rows are rejected"),
                new Mistake(
                        "no rows to evaluate on in their file",
                        folder -> {
                            data("prompt,completion\na,b\n").to(folder);
                            Files.writeString(folder.resolve("eval.csv"), "prompt,completion\n");
                        },
                        "data: no row is left to evaluate on: 1 rows = 1 trained + 0 evaluated + 0 rejected; add rows"
                                + " to @/eval.csv, or leave it out",
                        "data.eval=@/eval.csv"),
                new Mistake(
                        "a share of the rows that is none",
                        data("prompt,completion\na,b\n"),
                        "data: no row is left to evaluate on: 1 rows = 1 trained + 0 evaluated + 0 rejected; raise"
                                + " data.eval_fraction",
                        "data.eval_fraction=0.0001"),
                new Mistake(
                        "a label that is not listed",
                        data("text,label\nfine,good\nawful,worst\n"),
                        "data: 1 of 2 rows are rejected, more than data.max_rejected_fraction 0.01 allows:",
                        "model.task=sequence_classification",
                        "model.labels=[bad, good]",
                        "data.format=classification"),
                with(
                        "a template without an end token",
                        "data.chat_template: what is learned of an answer ends with ' 2024-03-03 ' and holds none of"
                                + " the tokens that end one (",
                        NO_END));
    }
}
