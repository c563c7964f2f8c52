package dev.temper.jobs;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Printable;
import dev.temper.inference.Classification;
import dev.temper.inference.Options;
import dev.temper.inference.TextClassifier;
import dev.temper.inference.TextPair;
import dev.temper.model.Families;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.recipe.Locations;
import dev.temper.run.AdapterMerge;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.reading.LocalRows;
import dev.temper.spark.reading.ReadTable;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.text.DataConfig;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import dev.temper.text.LabelFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/** {@code temper classify}: prints the class of each text, with the probabilities of all classes. */
final class ClassifyJob {
    /** Rows of a file at a time: enough that texts of like lengths meet. */
    private static final int WINDOW = 512;
    /** Classes whose probabilities have a column of their own in the table. */
    private static final int COLUMNS = 6;

    private static final int SHOWN = 60; // characters of a text

    private final ClassifyCommand.Request request;
    private final Task task;
    private final List<String> labels;
    private long unclassified;
    private String firstTrouble = "";

    private ClassifyJob(ClassifyCommand.Request request, TextClassifier classifier) {
        this.request = request;
        this.task = classifier.task();
        this.labels = task == Task.REGRESSION ? List.of() : classifier.labels();
    }

    /** A text, maybe with another one, and where they come from; null where the row has none. */
    private record Item(Optional<LocalRows.Row> row, String text, String pair) {
        String shown() {
            return (text == null ? "" : text) + (pair == null ? "" : " | " + pair);
        }
    }

    static void run(HadoopStore store, ClassifyCommand.Request request) throws Exception {
        Path folder = localize(store, "FOLDER", request.folder());
        verifyHead(request, folder);
        Options options = Options.defaults().withThreads(GivenCores.ofDriver(new SparkConf()));
        if (request.adapter().isPresent()) {
            Path adapter = localize(store, "--adapter", request.adapter().get());
            options = options.withAdapter(adapter).withHead(Optional.of(head(store, request, folder, adapter)));
        }
        if (request.maxLength().isPresent()) {
            options = options.withMaxLength(request.maxLength().getAsInt());
        }
        try (TextClassifier classifier = TextClassifier.open(folder, options)) {
            ClassifyJob job = new ClassifyJob(request, classifier);
            if (request.file().isPresent()) {
                job.classifyFile(store, classifier);
            } else {
                job.classifyTexts(classifier);
            }
        }
    }

    /** Of a family that only classifies, a base alone would be taken for one that writes texts. */
    private static void verifyHead(ClassifyCommand.Request request, Path folder) throws IOException {
        Folder files = Folder.local(folder);
        boolean isBase = request.adapter().isEmpty()
                && files.has("config.json")
                && ModelTask.of(files).isCausal()
                && Families.tasks(files).contains(Task.SEQUENCE_CLASSIFICATION)
                && !Families.tasks(files).contains(Task.CAUSAL_LM);
        check(
                !isBase,
                "FOLDER: %s holds no classifier: its config.json names none as architectures; name another folder, or"
                        + " give the --adapter that brings one",
                request.folder());
    }

    /** What the adapter's head tells: as its run did, with the names that the user gives. */
    private static ModelTask head(HadoopStore store, ClassifyCommand.Request request, Path folder, Path localAdapter)
            throws IOException {
        Folder adapter = store.folder(request.adapter().orElseThrow());
        ModelTask head = AdapterMerge.task(adapter, Folder.local(folder), Folder.local(localAdapter));
        boolean isSeveral = head.kind() == Task.MULTI_LABEL_CLASSIFICATION;
        if (!request.labels().isEmpty()) {
            return ModelTask.of(isSeveral ? head.kind() : Task.SEQUENCE_CLASSIFICATION, request.labels());
        }
        check(!head.isCausal(), "%s holds no classifier", adapter.location());
        return head;
    }

    private static Path localize(HadoopStore store, String key, String location) throws IOException {
        Locations.verifyModel(store, key, location);
        return LocalCopies.model(store.folder(location), Optional.empty());
    }

    private void classifyTexts(TextClassifier classifier) {
        boolean isPair = !request.pairs().isEmpty();
        List<Item> items = IntStream.range(0, request.texts().size())
                .mapToObj(i -> new Item(
                        Optional.empty(),
                        request.texts().get(i),
                        isPair ? request.pairs().get(i) : null))
                .toList();
        List<Classification> classes = isPair
                ? classifier.classifyPairs(pairs(items))
                : classifier.classify(request.texts()); // names the text that has none
        printHead();
        for (int i = 0; i < classes.size(); i++) {
            print(items.get(i), Optional.of(classes.get(i)));
        }
    }

    private static List<TextPair> pairs(List<Item> items) {
        return items.stream()
                .map(item -> new TextPair(item.text(), item.pair()))
                .toList();
    }

    private void classifyFile(HadoopStore store, TextClassifier classifier) throws IOException {
        List<InputColumn> columns = Stream.concat(Stream.of(request.column()), request.pairColumn().stream())
                .map(name -> new InputColumn(name, Content.TEXT, true))
                .toList();
        ReadTable table = new ReadTable(columns, "UTF-8", ",", true, DataConfig.MAX_CHARACTERS);
        try (LocalRows rows = LocalRows.open(store, request.file().orElseThrow(), table)) {
            printHead();
            List<Item> window = new ArrayList<>();
            while (rows.hasNext()) {
                LocalRows.Row row = rows.next();
                window.add(item(row));
                if (window.size() == WINDOW || !rows.hasNext()) {
                    print(window, classifier);
                    window.clear();
                }
            }
        }
        if (unclassified > 0) {
            Console.warn("%,d rows have no class, as their text is missing or cannot be read: the first is %s"
                    .formatted(unclassified, firstTrouble));
        }
    }

    private Item item(LocalRows.Row row) {
        String text = row.trouble().isPresent() ? null : row.values().get(request.column());
        String pair = text == null
                ? null
                : request.pairColumn().map(row.values()::get).orElse(null);
        boolean isWhole = request.pairColumn().isEmpty() || pair != null;
        return new Item(Optional.of(row), isWhole ? text : null, pair);
    }

    private void print(List<Item> items, TextClassifier classifier) {
        List<Item> there = items.stream().filter(item -> item.text() != null).toList();
        Iterator<Optional<Classification>> classes = (request.pairColumn().isPresent()
                        ? classifier.tryClassifyPairs(pairs(there))
                        : classifier.tryClassify(there.stream().map(Item::text).toList()))
                .iterator();
        for (Item item : items) {
            print(item, item.text() == null ? Optional.empty() : classes.next());
        }
    }

    private void print(Item item, Optional<Classification> result) {
        if (result.isEmpty()) {
            LocalRows.Row row = item.row().orElseThrow();
            firstTrouble = unclassified++ == 0 ? "row " + row.number() + " of " + row.source() : firstTrouble;
        }
        if (request.json()) {
            Console.say(json(item, result));
        } else {
            Console.say("%s", line(item, result));
        }
    }

    private ObjectNode json(Item item, Optional<Classification> result) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        item.row().ifPresent(row -> json.put("source", row.source()).put("row", row.number()));
        json.put("text", item.text());
        if (item.pair() != null) {
            json.put("text_pair", item.pair());
        }
        if (task == Task.REGRESSION) {
            return json.put("value", result.map(Classification::score).orElse(null));
        }
        if (task == Task.MULTI_LABEL_CLASSIFICATION) {
            ArrayNode had = json.putArray("labels");
            result.ifPresent(found -> found.labels().forEach(had::add));
        } else {
            json.put("label", result.map(Classification::label).orElse(null));
            json.put("score", result.map(Classification::score).orElse(null));
        }
        ObjectNode probabilities = json.putObject("probabilities");
        result.ifPresent(found -> {
            for (int i = 0; i < labels.size(); i++) {
                probabilities.put(labels.get(i), found.probabilities()[i]);
            }
        });
        return json;
    }

    private void printHead() {
        if (request.json()) {
            return;
        }
        if (task == Task.REGRESSION) {
            Console.say("%12s  text", "value");
            return;
        }
        StringBuilder head = new StringBuilder(padded(told(), width()));
        if (labels.size() <= COLUMNS) {
            labels.forEach(
                    label -> head.append("  ").append(" ".repeat(gap(label))).append(shown(label)));
        } else {
            head.append("  score ");
        }
        Console.say("%s", head.append("  text"));
    }

    private String line(Item item, Optional<Classification> result) {
        if (task == Task.REGRESSION) {
            String value = result.map(found -> String.format(Locale.ROOT, "%.6g", found.score()))
                    .orElse("-");
            return "%12s  %s".formatted(value, shown(item.shown()));
        }
        String name = result.map(found -> String.join(LabelFormat.SEPARATOR, found.labels()))
                .filter(names -> !names.isEmpty())
                .orElse("-");
        StringBuilder line = new StringBuilder(padded(shown(name), width()));
        if (labels.size() > COLUMNS) {
            line.append("  ").append(result.map(found -> number(found.score())).orElse("     -"));
        } else {
            for (int i = 0; i < labels.size(); i++) {
                int index = i;
                String number = result.map(found -> number(found.probabilities()[index]))
                        .orElse("     -");
                line.append("  ")
                        .append(" ".repeat(Math.max(0, shown(labels.get(i)).length() - number.length())))
                        .append(number);
            }
        }
        return line.append("  ").append(shown(item.shown())).toString();
    }

    private String told() {
        return task == Task.MULTI_LABEL_CLASSIFICATION ? "labels" : "label";
    }

    private int width() {
        IntStream widths = labels.stream().mapToInt(label -> shown(label).length());
        int most = task == Task.MULTI_LABEL_CLASSIFICATION
                ? Math.min(SHOWN / 2, widths.map(width -> width + 1).sum() - 1)
                : widths.max().orElse(0);
        return Math.max(told().length(), most);
    }

    /** Numbers have six characters; a longer name makes their column as wide. */
    private static int gap(String label) {
        return Math.max(0, 6 - shown(label).length());
    }

    private static String number(double probability) {
        return String.format(Locale.ROOT, "%.4f", probability);
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    private static String shown(String text) {
        String line = Printable.masked(text);
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
    }
}
