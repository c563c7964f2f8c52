package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.adapter.AdapterFile;
import dev.temper.adapter.LoraAdapter;
import dev.temper.adapter.LoraConfig;
import dev.temper.model.Architecture;
import dev.temper.model.ModelWeights;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorIndex;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.storage.Store;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The base model of a recipe: checked from its headers before anything is paid for, and brought to a worker's disk. */
record PretrainedModel(Folder folder, Architecture architecture) {
    private static final Pattern NEEDED = Pattern.compile(".*\\.(json|safetensors|jinja|txt|model)");
    private static final List<String> TOKENIZER_FILES = List.of("tokenizer.json", "tokenizer_config.json");
    private static final Map<String, Path> COPIES = new ConcurrentHashMap<>();

    /** Reads config.json alone. */
    static PretrainedModel read(Store store, String location) throws IOException {
        Folder folder = new Folder(store, location);
        return new PretrainedModel(folder, Architecture.read(folder));
    }

    /**
     * Everything that can be wrong with a base, an adapter's targets or a tokenizer, found from a few kilobytes.
     *
     * @throws dev.temper.check.InvalidInputException naming what is wrong
     */
    void verify(Recipe recipe) throws IOException {
        ModelWeights.verify(architecture, TensorIndex.read(folder, "model"), folder.location());
        adapterSpecs(recipe);
        verifyTokenizer();
        int positions = architecture.sizes().maxPositions();
        check(
                recipe.data().maxLength() <= positions,
                "data.max_length: %d is more than the %d positions of the model; set %d or less",
                recipe.data().maxLength(),
                positions,
                positions);
    }

    private void verifyTokenizer() throws IOException {
        for (String file : TOKENIZER_FILES) {
            check(
                    folder.has(file),
                    "model.base: %s has no %s, which the data is tokenized with; save the tokenizer there",
                    folder.location(),
                    file);
        }
        int tokens;
        Optional<Path> path = folder.store().localPath(folder.location());
        if (path.isPresent()) {
            tokens = Tokenizer.shared(path.get()).vocabularySize();
        } else {
            Path copy = Files.createTempDirectory("temper-tokenizer-");
            try (Tokenizer tokenizer = Tokenizer.open(folder.localize(copy, TOKENIZER_FILES::contains))) {
                tokens = tokenizer.vocabularySize();
            } finally {
                new LocalStore().delete(copy.toString());
            }
        }
        int rows = architecture.sizes().vocabulary();
        check(
                tokens <= rows,
                "model.base: %s has %d tokens, config.json says vocab_size %d: it is the tokenizer of another model",
                folder.location("tokenizer.json"),
                tokens,
                rows);
    }

    /** What an adapter adds; nothing for full fine-tuning. */
    List<TrainedParameters.Spec> adapterSpecs(Recipe recipe) throws IOException {
        if (recipe.adapter().isEmpty()) {
            return List.of();
        }
        LoraConfig config = recipe.adapter().get();
        if (config.initFrom().isPresent()) {
            config = AdapterFile.read(
                    new Folder(folder.store(), config.initFrom().get()));
        }
        return LoraAdapter.specs(config, architecture);
    }

    /**
     * A folder's model files on this machine's disk, of a remote one copied once per process.
     *
     * @param localDir where copies go; the system's temporary folder when empty
     */
    static Path localize(Folder folder, Optional<String> localDir) throws IOException {
        Optional<Path> path = folder.store().localPath(folder.location());
        if (path.isPresent()) {
            return path.get();
        }
        synchronized (COPIES) {
            Path copy = COPIES.get(folder.location());
            if (copy == null) {
                Path parent = Path.of(localDir.orElse(System.getProperty("java.io.tmpdir")));
                Path target = Files.createTempDirectory(Files.createDirectories(parent), "temper-base-");
                copy = folder.localize(target, name -> NEEDED.matcher(name).matches());
                COPIES.put(folder.location(), copy);
                deleteOnExit(copy);
            }
            return copy;
        }
    }

    private static void deleteOnExit(Path copy) throws IOException {
        copy.toFile().deleteOnExit();
        try (var files = Files.list(copy)) {
            files.forEach(file -> file.toFile().deleteOnExit());
        }
    }
}
