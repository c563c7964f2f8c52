package dev.temper.recipe;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.text.DataConfig;
import dev.temper.text.Format;
import dev.temper.train.config.IntervalStrategy;
import dev.temper.train.config.Optim;
import dev.temper.train.config.Schedule;
import dev.temper.train.config.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Keys that a recipe sets and that change nothing, as another key is set as it is. What was meant to do something is
 * refused; what an override has switched off is only said.
 */
public final class IdleKeys {
    private static final List<String> SAMPLING =
            List.of("generation.temperature", "generation.top_k", "generation.top_p", "generation.min_p");
    private static final List<String> CHAT =
            List.of("data.system", "data.chat_template", "data.chat_template_kwargs", "data.date");
    private static final List<String> MOMENTS =
            List.of("training.adam_beta1", "training.adam_beta2", "training.adam_epsilon");

    private final Recipe recipe;
    private final JsonNode tree;
    private final List<String> notes = new ArrayList<>();

    private IdleKeys(Recipe recipe) {
        this.recipe = recipe;
        this.tree = RecordTree.write(recipe);
    }

    /** @throws dev.temper.check.InvalidInputException at the first one that was meant to do something */
    public static void refuse(Recipe recipe) {
        IdleKeys keys = new IdleKeys(recipe);
        keys.refuseInTask();
        keys.refuseInTraining();
    }

    /** A sentence for each that is switched off. */
    public static List<String> notes(Recipe recipe) {
        IdleKeys keys = new IdleKeys(recipe);
        keys.noteTraining();
        keys.noteRows();
        return keys.notes;
    }

    private void refuseInTask() {
        boolean isAsked = recipe.model().objective().writesText();
        String withTask = "with model.task: " + recipe.model().task().label();
        RecipeTree.defaults("every_recipe")
                .get("generation")
                .fieldNames()
                .forEachRemaining(name -> refuse(!isAsked, "generation." + name, withTask, ""));
        DataConfig data = recipe.data();
        boolean isText = data.format() == Format.TEXT;
        String withFormat = "with data.format: " + data.format().label();
        boolean isPlain = data.chatTemplate().equals("none");
        for (String key : CHAT) {
            boolean isNone = key.equals("data.chat_template") && isPlain; // which says what happens anyway
            String instead = isText ? "write data.format: prompt_completion" : "";
            refuse(!data.format().mayUseTemplate() && !isNone, key, withFormat, instead);
            boolean isSystem = key.equals("data.system"); // of alpaca without a template, too
            refuse(isPlain && !isNone && !isSystem, key, "with data.chat_template: none", "give a template");
        }
        boolean isAll = data.trainOn() == DataConfig.TrainOn.ALL;
        refuse(isText && !isAll, "data.train_on", "with data.format: text, of which all is learned", "");
        refuse(
                data.packing() == DataConfig.Packing.WRAPPED,
                "data.too_long",
                "with data.packing: wrapped, which cuts the stream of all rows",
                "");
        boolean isWeighted =
                data.train().stream().anyMatch(source -> source.weight().orElse(1) != 1);
        check(
                data.train().size() > 1 || !isWeighted,
                "data.train: a weight changes nothing with one location; leave it out");
        boolean isGreedy = !recipe.generation().doSample();
        for (String key : SAMPLING) {
            refuse(isGreedy, key, "with generation.do_sample: false", "set generation.do_sample: true");
        }
    }

    private void refuseInTraining() {
        TrainingConfig training = recipe.training();
        refuse(training.warmupSteps() > 0, "training.warmup_ratio", "beside training.warmup_steps", "");
        for (String key : List.of("training.warmup_steps", "training.warmup_ratio")) {
            refuse(
                    training.lrSchedulerType() == Schedule.Type.CONSTANT,
                    key,
                    "with training.lr_scheduler_type: constant",
                    "write constant_with_warmup");
        }
        refuse(
                training.evalStrategy() == IntervalStrategy.EPOCH,
                "training.eval_steps",
                "with training.eval_strategy: epoch",
                "set training.eval_strategy: steps");
        refuse(
                training.saveStrategy() == IntervalStrategy.EPOCH,
                "training.save_steps",
                "with training.save_strategy: epoch",
                "set training.save_strategy: steps");
        refuse(
                training.earlyStoppingPatience().isEmpty(),
                "training.early_stopping_threshold",
                "without training.early_stopping_patience",
                "set that");
    }

    private void noteTraining() {
        TrainingConfig training = recipe.training();
        note(training.maxSteps().isPresent(), "training.num_train_epochs", "beside training.max_steps");
        note(training.evalStrategy() == IntervalStrategy.NO, "training.eval_steps", "with training.eval_strategy: no");
        for (String key : List.of("training.save_steps", "training.save_total_limit")) {
            note(training.saveStrategy() == IntervalStrategy.NO, key, "with training.save_strategy: no");
        }
        Optim optim = training.optim();
        String with = "with training.optim: " + tree.at("/training/optim").asText();
        for (String key : MOMENTS) {
            boolean isRead = Set.of(Optim.ADAMW, Optim.ADAMW_8BIT).contains(optim)
                    || (optim == Optim.LION && !key.endsWith("epsilon"));
            note(!isRead, key, with);
        }
        note(optim == Optim.SGD, "training.optimizer_offload", with);
    }

    private void noteRows() {
        DataConfig data = recipe.data();
        boolean hasEval = data.eval().isPresent() || data.evalFraction() > 0;
        for (String key : List.of("data.max_eval_rows", "generation.eval_prompts")) {
            note(!hasEval, key, "without data.eval or data.eval_fraction");
        }
        boolean joins = data.columns().values().stream().anyMatch(columns -> columns.size() > 1);
        boolean isAlpaca = data.format() == Format.ALPACA; // which joins its own with it
        note(!joins && !isAlpaca, "data.separator", "where no role has several columns: it joins these alone");
        boolean asks =
                !recipe.generation().prompts().isEmpty() || recipe.generation().evalPrompts() > 0;
        note(!asks, "generation.max_new_tokens", "without generation.prompts or generation.eval_prompts");
        note(!asks, "generation.do_sample", "without generation.prompts or generation.eval_prompts");
    }

    /** @param instead what to do but leaving it out; may be empty */
    private void refuse(boolean isIdle, String key, String why, String instead) {
        check(
                !isIdle || !isSet(key),
                "%s changes nothing %s; %sleave it out",
                key,
                why,
                instead.isEmpty() ? "" : instead + ", or ");
    }

    private void note(boolean isIdle, String key, String why) {
        if (isIdle && isSet(key)) {
            notes.add(key + " changes nothing " + why);
        }
    }

    private boolean isSet(String key) {
        String pointer = "/" + key.replace('.', '/');
        JsonNode value = tree.at(pointer);
        JsonNode usual = RecipeTree.defaults("every_recipe").at(pointer);
        if (value.isNumber() && usual.isNumber()) {
            return value.doubleValue() != usual.doubleValue();
        }
        return !value.isMissingNode() && !value.equals(usual);
    }
}
