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
import dev.temper.run.draft.RecipeDraft.Reasoned;
import dev.temper.spark.preparing.PreparedData;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.ChatFormat;
import dev.temper.text.Format;
import dev.temper.text.NamedTemplates;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes a recipe: looks at base and data, chooses, and writes the choices down with their reasons. */
public final class RecipeSuggestion {
    private static final int PROMPT = 300; // characters of a row's beginning that is worth being a prompt
    private static final int PROMPTS = 2;
    private static final List<String> TASKS = List.of("causal_lm", "sequence_classification");

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
        if (!lengths.endless().isEmpty() && draft.template().value().equals("auto")) {
            draft = draft.with(new Reasoned(
                    NamedTemplates.names().get(0),
                    "the base's own does not end an answer with a token that ends one; this one does"));
            lengths = measured(draft);
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
                        draft.format().format().name().toLowerCase(Locale.ROOT),
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
            return Task.valueOf(name.toUpperCase(Locale.ROOT));
        }
        boolean writes = able.isEmpty()
                || (able.contains(Task.CAUSAL_LM) && ModelTask.of(base).isCausal());
        boolean isClassifying = !request.labels().isEmpty();
        return writes && !isClassifying ? Task.CAUSAL_LM : Task.SEQUENCE_CLASSIFICATION;
    }

    private RecipeDraft draft(Task task, ColumnSurvey survey) throws IOException {
        boolean isClassifier = task == Task.SEQUENCE_CLASSIFICATION;
        check(isClassifier || request.labels().isEmpty(), "--labels are for --task sequence_classification");
        boolean hasTemplate = ChatFormat.isIn(base);
        FormatChoice format = request.columns().isPresent()
                ? FormatChoice.given(columns(request.columns().get()), isClassifier)
                : FormatChoice.of(survey, isClassifier, hasTemplate);
        Map<String, Long> labels = isClassifier ? labels(survey, format) : Map.of();
        ModelTask head = isClassifier ? ModelTask.classification(List.copyOf(labels.keySet())) : ModelTask.causalLm();
        String name = request.recipe().replaceAll(".*[/\\\\]", "").replaceAll("(?<=.)\\.ya?ml$", "");
        return new RecipeDraft(
                request,
                name,
                Architecture.read(base, head).parameterCount(),
                survey,
                format,
                labels,
                template(format, hasTemplate),
                hasEvalSplit(),
                format.format() == Format.TEXT ? prompts(survey, format) : List.of());
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

    /** The classes with how many rows each has: as the user names them, as the base does, or by the values. */
    private Map<String, Long> labels(ColumnSurvey survey, FormatChoice format) throws IOException {
        String column = format.columns().getOrDefault("label", List.of("label")).get(0);
        Map<String, Long> found = new LinkedHashMap<>();
        survey.find(column)
                .map(ColumnSurvey.Column::values)
                .orElse(Map.of())
                .forEach((value, rows) ->
                        found.merge(value.strip().replaceFirst("(?<=\\d)\\.0+$", ""), rows, Long::sum));
        check(
                found.size() > 1 || !request.labels().isEmpty(),
                "data: %s holds %s: name the classes with --labels, or the column with"
                        + " --columns '{text: …, label: …}'",
                column,
                found.isEmpty() ? "too many values for classes, or none" : "one value only, " + found.keySet());
        List<String> values =
                found.keySet().stream().sorted(byNumberOrName(found)).toList();
        List<String> named = named(values);
        Map<String, Long> labels = new LinkedHashMap<>();
        for (int i = 0; i < named.size(); i++) {
            String number = String.valueOf(i);
            labels.put(named.get(i), found.getOrDefault(named.get(i), found.getOrDefault(number, 0L)));
        }
        return labels;
    }

    private List<String> named(List<String> values) throws IOException {
        if (!request.labels().isEmpty()) {
            values.forEach(this::checkLabel);
            return request.labels();
        }
        ModelTask saved = ModelTask.of(base);
        boolean isCounted = !values.isEmpty()
                && values.stream().allMatch(ColumnSurvey::isNumber)
                && values.get(0).equals("0")
                && values.get(values.size() - 1).equals(String.valueOf(values.size() - 1));
        boolean isMeant = saved.kind() == Task.SEQUENCE_CLASSIFICATION
                && saved.numLabels() == values.size()
                && !saved.labels().get(0).equals("LABEL_0")
                && (isCounted || saved.labels().containsAll(values));
        return isMeant ? saved.labels() : values;
    }

    /** A number is a place in the list, from 0 on: 1 to 4 would silently be other classes. */
    private void checkLabel(String value) {
        int count = request.labels().size();
        boolean isPlace = value.matches("\\d{1,9}") && Integer.parseInt(value) < count;
        check(
                request.labels().contains(value) || isPlace,
                "--labels: the data has the class %s, which is none of %s, nor a number from 0 to %d; without --labels"
                        + " the classes are called as in the data",
                value,
                request.labels(),
                count - 1);
    }

    private static Comparator<String> byNumberOrName(Map<String, Long> found) {
        boolean areNumbers = found.keySet().stream().allMatch(ColumnSurvey::isNumber);
        return areNumbers ? Comparator.comparing(Double::parseDouble) : Comparator.naturalOrder();
    }

    private static Reasoned template(FormatChoice format, boolean hasTemplate) {
        if (hasTemplate) {
            return new Reasoned("auto", "the base's own");
        }
        boolean isNeeded = format.format() == Format.MESSAGES || format.format() == Format.SHAREGPT;
        return isNeeded
                ? new Reasoned(
                        NamedTemplates.names().get(0),
                        "the base has none; this one closes answers with the base's own end token")
                : new Reasoned("none", "the base has none: prompt and completion are joined as they are");
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

    /** Beginnings of texts, as the rows have them. */
    private static List<String> prompts(ColumnSurvey survey, FormatChoice format) {
        List<String> columns = format.columns().get("text");
        String first =
                survey.find(columns.get(0)).map(ColumnSurvey.Column::first).orElse("");
        if (columns.size() > 1) {
            return first.isBlank() || first.length() > PROMPT ? List.of() : List.of(first + "\n");
        }
        String[] words = first.strip().split("\\s+");
        int count = Math.max(1, Math.min(6, words.length / PROMPTS));
        String beginning = String.join(" ", List.of(words).subList(0, count));
        return beginning.isBlank() || beginning.length() > PROMPT ? List.of() : List.of(beginning);
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
