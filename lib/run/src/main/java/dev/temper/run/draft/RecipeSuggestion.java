package dev.temper.run.draft;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.nearest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.InvalidInputException;
import dev.temper.model.Architecture;
import dev.temper.model.Families;
import dev.temper.model.ModelTask;
import dev.temper.model.ModelWeights;
import dev.temper.model.Task;
import dev.temper.plan.GivenMemory;
import dev.temper.plan.MemoryPlan;
import dev.temper.recipe.Locations;
import dev.temper.recipe.PretrainedModel;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeTree;
import dev.temper.recipe.YamlText;
import dev.temper.run.RecipeData;
import dev.temper.run.draft.TaskDraft.Reasoned;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.ChatFormat;
import dev.temper.text.NamedTemplates;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Writes a recipe: looks at base and data, chooses, and writes the choices down with their reasons. */
public final class RecipeSuggestion {
    private static final List<String> TASKS = Stream.of(Task.CAUSAL_LM, Task.SEQUENCE_CLASSIFICATION)
            .map(Task::label)
            .toList();

    private final HadoopStore store;
    private final RecipeRequest request;
    private final Folder base;

    private RecipeSuggestion(HadoopStore store, RecipeRequest request) {
        this.store = store;
        this.request = request;
        this.base = store.folder(HadoopStore.resolve(request.base()));
    }

    /**
     * Writes the recipe.
     *
     * @return what it trains, in a few words
     * @throws dev.temper.check.InvalidInputException when base and data do not fit, or the file is there already
     */
    public static String write(HadoopStore store, RecipeRequest request) throws IOException {
        return new RecipeSuggestion(store, request).run();
    }

    private String run() throws IOException {
        String target = HadoopStore.resolve(request.recipe());
        check(
                Locations.find(store, "RECIPE", target).isEmpty(),
                "%s is there already: name another file, or delete it",
                request.recipe());
        check(
                Locations.find(store, "--base", base.location())
                        .filter(Store.Entry::isFolder)
                        .isPresent(),
                "--base: %s is no folder; name one with config.json, *.safetensors and the tokenizer",
                request.base());
        Task task = task();
        ColumnSurvey survey = ColumnSurvey.read(store, request.data(), request.encoding());
        RecipeDraft draft = draft(task, survey);
        RowLengths lengths = measured(draft);
        if (!lengths.endless().isEmpty()) {
            Optional<TaskDraft> other = draft.task()
                    .with(new Reasoned(
                            NamedTemplates.names().get(0),
                            "the base's own does not end an answer with a token that ends one; this one does"));
            draft = other.map(draft::with).orElse(draft);
            lengths = other.isPresent() ? measured(draft) : lengths;
        }
        check(lengths.endless().isEmpty(), "%s", lengths.endless());
        String text = fitted(draft, lengths);
        try (OutputStream out = store.write(target)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return told(draft, recipe(text));
    }

    private RowLengths measured(RecipeDraft draft) throws IOException {
        Recipe recipe = recipe(draft.measuring());
        RecipeData rows = RecipeData.of(store, recipe, RecipeData.today());
        Tokenizer tokenizer = Tokenizer.shared(LocalCopies.tokenizer(base, Optional.empty()));
        int vocabulary = Architecture.read(base, recipe.model().head()).sizes().vocabulary();
        return RowLengths.measure(store, rows, tokenizer, draft.survey().rows(), vocabulary);
    }

    private static String told(RecipeDraft draft, Recipe recipe) {
        String trained = recipe.model().quantization().isPresent()
                ? "QLoRA"
                : recipe.adapter().isPresent() ? "LoRA" : "all weights";
        return "%s of %s; %s; rows of up to %,d tokens"
                .formatted(
                        draft.task().format().format().label(),
                        draft.survey().size(),
                        trained,
                        recipe.data().maxLength());
    }

    private Task task() throws IOException {
        Set<Task> able = Families.tasks(base);
        if (request.task().isPresent()) {
            String name = request.task().get();
            check(
                    TASKS.contains(name),
                    "--task: '%s' is no task%s; tasks are %s",
                    name,
                    nearest(name, TASKS).map(near -> " (" + near + "?)").orElse(""),
                    String.join(", ", TASKS));
            return Task.of(name).orElseThrow();
        }
        boolean writes = able.isEmpty()
                || (able.contains(Task.CAUSAL_LM) && ModelTask.of(base).isCausal());
        boolean isClassifying = !request.labels().isEmpty();
        return writes && !isClassifying ? Task.CAUSAL_LM : Task.SEQUENCE_CLASSIFICATION;
    }

    private RecipeDraft draft(Task kind, ColumnSurvey survey) throws IOException {
        boolean isAboutTokens = kind.isCausal();
        check(!isAboutTokens || request.labels().isEmpty(), "--labels are for --task sequence_classification");
        boolean hasTemplate = ChatFormat.isIn(base);
        Optional<FormatChoice> given = request.columns().map(yaml -> FormatChoice.given(columns(yaml), kind));
        TaskDraft task = isAboutTokens
                ? TextDraft.of(survey, given.orElseGet(() -> FormatChoice.texts(survey, hasTemplate)), hasTemplate)
                : ClassDraft.of(request, base, survey, given.orElseGet(() -> FormatChoice.classes(survey)));
        String name = request.recipe().replaceAll(".*[/\\\\]", "").replaceAll("(?<=.)\\.ya?ml$", "");
        return new RecipeDraft(
                request, name, Architecture.read(base, task.task()).parameterCount(), survey, task, hasEvalSplit());
    }

    private static Map<String, List<String>> columns(String yaml) {
        JsonNode tree = YamlText.parse(yaml, "--columns");
        check(tree.isObject() && !tree.isEmpty(), "--columns must be a mapping such as '{text: review, label: stars}'");
        Map<String, List<String>> columns = new LinkedHashMap<>();
        tree.fields().forEachRemaining(entry -> {
            List<String> names = new ArrayList<>();
            entry.getValue().forEach(one -> names.add(one.asText()));
            columns.put(
                    entry.getKey(), names.isEmpty() ? List.of(entry.getValue().asText()) : names);
        });
        return columns;
    }

    /** Whether the folder of the data has files to evaluate on, too. */
    private boolean hasEvalSplit() throws IOException {
        boolean isFolder = Locations.find(store, "--data", HadoopStore.resolve(request.data()))
                .filter(Store.Entry::isFolder)
                .isPresent();
        if (!isFolder || request.eval().isPresent()) {
            return false;
        }
        String both = "name: x\nmodel: {base: x}\noutput: y\ndata: {train: %s, eval: %s}\n";
        String location = RecipeText.yaml(request.data());
        try {
            PreparedData.verifyFiles(
                    store, recipe(both.formatted(location, location)).data());
            return true;
        } catch (InvalidInputException e) {
            return false; // it has one set of files
        }
    }

    /** The recipe of the kind that the model's size suggests, or of a lighter one where that does not fit here. */
    private String fitted(RecipeDraft draft, RowLengths lengths) throws IOException {
        Recipe measuring = recipe(draft.measuring());
        int positions =
                Architecture.read(base, measuring.model().head()).sizes().maxPositions();
        GivenMemory given = GivenMemory.here(measuring.cluster());
        SizeChoice.Kind first = SizeChoice.of(
                draft.parameters(), ModelWeights.quantization(base).isPresent());
        String text = "";
        for (SizeChoice.Kind kind : first.orLighter()) {
            SizeChoice size = SizeChoice.of(kind, first, draft.parameters(), given);
            text = draft.text(size, lengths, positions, "");
            Recipe recipe = recipe(text);
            MemoryPlan plan =
                    MemoryPlan.of(PretrainedModel.read(store, recipe), recipe).fitted(given.bytes());
            if (plan.peak() <= given.bytes()) {
                return draft.text(size, lengths, positions, GivenMemory.gib(plan.peak()) + " for a worker");
            }
        }
        return text; // temper run says by how much it does not fit
    }

    private Recipe recipe(String text) {
        return RecipeFile.of(store, RecipeTree.read(text, request.recipe(), List.of()));
    }
}
