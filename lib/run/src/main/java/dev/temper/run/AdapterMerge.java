package dev.temper.run;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.MergedModel;
import dev.temper.check.InvalidInputException;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelFolder;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.recipe.Locations;
import dev.temper.report.ModelCard;
import dev.temper.report.Usage;
import dev.temper.run.output.HubNames;
import dev.temper.run.output.OwnFolder;
import dev.temper.run.output.RunOutput;
import dev.temper.safetensors.TensorWriter;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import dev.temper.storage.Lease;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import dev.temper.text.ChatFormat;
import dev.temper.text.SavedTokenizer;
import dev.temper.text.TemplateFiles;
import dev.temper.train.objective.Objective;
import dev.temper.train.objective.Objective.Conversation;
import dev.temper.train.objective.Objectives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;

/** Writes a base with an adapter merged into it. Whatever can be wrong is found before that. */
public final class AdapterMerge {
    private static final String CARD = "README.md";
    private static final String UNFINISHED = "merge.unfinished"; // there while the rest is not all there

    private final HadoopStore store;
    private final Folder base;
    private final Folder adapter;
    private final Folder output;

    private final RunListener listener;

    /**
     * What to merge.
     *
     * @param base folder of the base
     * @param adapter folder of the adapter
     * @param output folder of the merged model
     */
    public record Request(String base, String adapter, String output) {}

    private AdapterMerge(HadoopStore store, Request request, RunListener listener) {
        this.store = store;
        this.base = store.folder(request.base());
        this.adapter = store.folder(request.adapter());
        this.output = store.folder(request.output());
        this.listener = listener;
    }

    /** @throws dev.temper.check.InvalidInputException when base, adapter and output do not fit */
    public static void merge(HadoopStore store, Request request, RunListener listener) throws Exception {
        new AdapterMerge(store, request, listener).run(TensorWriter.SHARD_BYTES);
    }

    /** @param shardBytes bytes of tensors in one file at most */
    public static void merge(HadoopStore store, Request request, RunListener listener, long shardBytes)
            throws Exception {
        new AdapterMerge(store, request, listener).run(shardBytes);
    }

    private void run(long shardBytes) throws Exception {
        verifyLocations();
        Folder localBase = Folder.local(LocalCopies.model(base, Optional.empty()));
        Path localAdapter = LocalCopies.model(adapter, Optional.empty());
        ModelTask task = task(adapter, localBase, Folder.local(localAdapter));
        StoredModel stored = StoredModel.read(Path.of(localBase.location()), task, 0);
        try (Workspace workspace = Workspace.open(GivenCores.ofDriver(new SparkConf()));
                MergedModel merged = MergedModel.open(workspace, stored, Folder.local(localAdapter));
                OwnFolder own = OwnFolder.take("--output", output, listener::warned)) {
            checkFree();
            own.folder().writeText(UNFINISHED, identity());
            try {
                merged.save(own.folder(), localBase, shardBytes);
                writeTokenizer(own.folder(), Folder.local(localAdapter));
                SavedTokenizer.settle(own.folder(), localBase);
                own.folder().writeText(CARD, card(task));
                stored.files().checkUnchanged();
            } catch (IOException | RuntimeException | Error e) {
                own.undo();
                throw e;
            }
            own.folder().delete(UNFINISHED);
            if (merged.isBaseQuantized()) {
                listener.said("the base is quantized in 4 bits; the merged model is written in 16 bits");
            }
        }
        listener.say("merged into %s", output.location());
    }

    private void verifyLocations() throws IOException {
        Map<String, Folder> read = new LinkedHashMap<>();
        read.put("FOLDER", base);
        read.put("--adapter", adapter);
        for (Map.Entry<String, Folder> entry : read.entrySet()) {
            String location = entry.getValue().location();
            Locations.verifyFolder(store, entry.getKey(), location);
            check(
                    !Locations.isInside(output.location(), location)
                            && !Locations.isInside(location, output.location()),
                    "--output: %s and %s: %s lie one in the other; name an output apart from what is read",
                    output.location(),
                    entry.getKey(),
                    location);
        }
        check(
                Locations.find(store, "--output", output.location())
                        .map(Store.Entry::isFolder)
                        .orElse(true),
                "--output: %s is a file; name a folder",
                output.location());
        Lease.tidy(output);
        checkFree();
    }

    /** Nothing lies in the output, but what the same merge, when it was killed, has left there. */
    private void checkFree() throws IOException {
        List<Store.Entry> files = OwnFolder.files(output);
        boolean isFree = files.stream().allMatch(file -> file.name().equals(UNFINISHED))
                || (output.bytes(UNFINISHED).isPresent()
                        && output.readText(UNFINISHED).equals(identity()));
        check(isFree, "--output: %s is not empty; name another folder or empty it", output.location());
    }

    private String identity() {
        return Hashes.sha256(base.location() + "\n" + adapter.location()) + "\n";
    }

    /**
     * What a base with an adapter answers. Of an adapter for a classifier the classes are those that its run has named,
     * or those of the base's head; numbers, where nobody has named them.
     *
     * @param adapter where it lies, with its run above it
     */
    public static ModelTask task(Folder adapter, Folder localBase, Folder localAdapter) throws IOException {
        ModelTask saved = ModelTask.of(localBase);
        AdapterFile.read(localAdapter); // says what is wrong with the folder before its weights are looked at
        OptionalInt classes = AdapterFile.numLabels(localAdapter);
        if (classes.isEmpty()) {
            return saved;
        }
        int count = classes.getAsInt();
        Optional<ModelTask> trained = RunOutput.task(RunOutput.above(adapter.store(), adapter.location()))
                .filter(task -> task.numLabels() == count);
        if (trained.isPresent()) {
            return ModelTask.of(trained.get().kind(), trained.get().labels());
        }
        if (count == 1) {
            return ModelTask.regression();
        }
        return ModelTask.classification(
                saved.numLabels() == count
                        ? saved.labels()
                        : IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList());
    }

    /** The tokenizer and the template that the adapter was trained with, where its folder has them. */
    private static void writeTokenizer(Folder written, Folder localAdapter) throws IOException {
        if (ModelFolder.hasTokenizer(localAdapter)) {
            ModelFolder.replaceTokenizer(written, localAdapter);
        } else if (TemplateFiles.areIn(localAdapter)) {
            TemplateFiles.copy(localAdapter, written);
        }
    }

    /** Whether what was merged answers conversations: it has a template, and its run did not do without. */
    private boolean isChat() throws IOException {
        Folder run = RunOutput.above(store, adapter.location());
        return ChatFormat.isIn(output) && RunOutput.mayUseTemplate(run);
    }

    /** All that the adapter's card says, where it is one of ours, and that it was merged. */
    private String card(ModelTask task) throws IOException {
        Optional<ModelCard> own = adapterCard();
        Optional<Objective> objective = Objectives.find(task.kind(), task.labels());
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("base model", Locations.lastName(base.location()));
        facts.put("merged adapter", Locations.lastName(adapter.location()));
        objective.map(Objective::facts).ifPresent(facts::putAll);
        own.ifPresent(card -> card.training().forEach(facts::putIfAbsent));
        Map<String, String> license = HubNames.license(base);
        // a folder's path is nobody's business
        Optional<String> id = HubNames.model(base).or(() -> own.flatMap(ModelCard::base));
        Optional<Conversation> conversation = isChat()
                ? Optional.of(new Conversation(Optional.ofNullable(facts.get(ModelCard.SYSTEM_MESSAGE))))
                : Optional.empty();
        Usage.Example example = objective
                .map(known -> known.example(conversation))
                .orElseGet(
                        () -> Usage.logits(task.kind().pipeline(), task.kind().loader(), task.numLabels()));
        return new ModelCard(
                        Locations.lastName(output.location()),
                        ModelCard.Kind.MODEL,
                        Usage.of(example, ModelCard.Kind.MODEL, id),
                        id,
                        List.of("lora", "merged"),
                        own.map(ModelCard::dataset).orElse(""),
                        own.map(ModelCard::scores).orElse(Map.of()),
                        own.map(ModelCard::tables).orElse(List.of()),
                        facts,
                        own.map(ModelCard::settings).orElse(Map.of()),
                        own.map(card -> card.hub().over(license)).orElse(new ModelCard.Hub(license, List.of())))
                .markdown();
    }

    /** A file of that name that cannot be read, or is another's, is nothing to end a merge for. */
    private Optional<ModelCard> adapterCard() throws IOException {
        try {
            return adapter.has(CARD) ? ModelCard.read(UntrustedFile.text(adapter, CARD)) : Optional.empty();
        } catch (InvalidInputException e) {
            return Optional.empty();
        }
    }
}
