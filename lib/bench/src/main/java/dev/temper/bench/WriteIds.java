package dev.temper.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.model.ModelFolder;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import dev.temper.text.RowFormat;
import dev.temper.text.RowTokenizer;
import dev.temper.text.SavedTokenizer;
import dev.temper.text.Tokenizer;
import dev.temper.text.Tokenizer.Added;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes what {@code clients/tokenizers.py} compares with: ids of texts, and the files that a run would save. */
@Command(
        name = "write-ids",
        description = "Write the ids of texts by many tokenizers.",
        mixinStandardHelpOptions = true)
public final class WriteIds implements Callable<Integer> {
    private static final LocalDate TODAY = LocalDate.of(2026, 1, 1); // for templates, as the peers are told

    @Parameters(paramLabel = "FOLDER", description = "Folder of the tokenizers' folders.")
    private Path folder;

    @Option(names = "--texts", paramLabel = "FILE", required = true, description = "JSON list of texts.")
    private Path texts;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON file to write.")
    private Path out;

    @Option(names = "--rows", paramLabel = "FILE", description = "JSON of rows by format, and their chat template.")
    private Path rows;

    @Option(names = "--saved", paramLabel = "FOLDER", description = "Where to save each as a run does.")
    private Path saved;

    public static void main(String[] args) {
        System.exit(new CommandLine(new WriteIds()).setExpandAtFiles(false).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> inputs = new ArrayList<>();
        json.readTree(texts.toFile()).forEach(text -> inputs.add(text.asText()));
        ObjectNode all = json.createObjectNode();
        List<Path> folders;
        try (Stream<Path> found = Files.list(folder)) {
            folders = found.filter(Files::isDirectory).sorted().toList();
        }
        for (Path one : folders) {
            all.set(one.getFileName().toString(), ids(one, inputs, json));
        }
        json.writeValue(out.toFile(), all);
        return 0;
    }

    private JsonNode ids(Path one, List<String> inputs, ObjectMapper json) throws IOException {
        ObjectNode node = json.createObjectNode();
        try (Tokenizer tokenizer = Tokenizer.open(one)) {
            put(node.putArray("special"), tokenizer.ids(inputs, Added.SPECIAL_TOKENS));
            put(node.putArray("plain"), tokenizer.ids(inputs, Added.NOTHING));
            role(node, "bos", tokenizer.beginToken());
            role(node, "eos", tokenizer.endToken());
            role(node, "pad", tokenizer.padToken());
            if (rows != null) {
                labelled(node.putObject("rows"), one, tokenizer, json.readTree(rows.toFile()));
            }
            if (saved == null) {
                return node;
            }
            Folder target = Folder.local(Files.createDirectories(saved.resolve(one.getFileName())));
            ModelFolder.copyTokenizer(target, Folder.local(one));
            SavedTokenizer.settle(target, Folder.local(one));
        } catch (InvalidInputException e) {
            node.put("refused", e.getMessage());
        }
        return node;
    }

    /** Ids and labels of rows, as a recipe with these settings has them prepared. */
    private void labelled(ObjectNode node, Path one, Tokenizer tokenizer, JsonNode all) throws IOException {
        Path template = Files.writeString(
                Files.createTempFile("template", ".jinja"), all.path("template").asText());
        for (Map.Entry<String, JsonNode> kind : all.path("kinds").properties()) {
            String recipe = "model: {base: x}\noutput: y\ndata: {train: z, max_length: 256, %s}\n";
            Path file = Files.writeString(
                    Files.createTempFile("rows", ".yaml"),
                    recipe.formatted(kind.getValue().path("data").asText().replace("TEMPLATE", template.toString())));
            DataConfig data = RecipeFile.read(new LocalStore(), file.toString(), List.of())
                    .data();
            ChatFormat chat = ChatFormat.of(data, ChatFormat.TokenizerFiles.read(Folder.local(one)), TODAY);
            RowFormat format = RowFormat.of(data, List.of(), chat);
            RowTokenizer tokens =
                    new RowTokenizer(tokenizer, format.kind(), data.maxLength(), data.tooLong(), Integer.MAX_VALUE);
            ArrayNode array = node.putArray(kind.getKey());
            for (JsonNode row : kind.getValue().path("rows")) {
                Map<String, String> cells = new HashMap<>();
                row.properties()
                        .forEach(
                                cell -> cells.put(cell.getKey(), cell.getValue().asText()));
                RowTokenizer.Result result =
                        tokens.tokens(List.of(format.render(cells))).get(0);
                ObjectNode written = array.addObject();
                put(written.putArray("input_ids"), result.tokens().inputIds());
                put(written.putArray("labels"), result.tokens().labels());
            }
            Files.delete(file);
        }
        Files.delete(template);
    }

    private static void put(ArrayNode rows, List<int[]> ids) {
        for (int[] row : ids) {
            put(rows.addArray(), row);
        }
    }

    private static void put(ArrayNode array, int[] values) {
        for (int value : values) {
            array.add(value);
        }
    }

    private static void role(ObjectNode node, String name, OptionalInt id) {
        id.ifPresentOrElse(value -> node.put(name, value), () -> node.putNull(name));
    }
}
