package dev.temper.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.generate.GenerationConfig;
import dev.temper.inference.Options;
import dev.temper.inference.TextGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes what {@code clients/pipeline_texts.py} compares with: continuations of prompts, at once and streamed. */
@Command(name = "write-texts", description = "Continue prompts with many models.", mixinStandardHelpOptions = true)
public final class WriteTexts implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "Folder of the models' folders.")
    private Path folder;

    @Option(names = "--prompts", paramLabel = "FILE", required = true, description = "JSON list of prompts.")
    private Path prompts;

    @Option(names = "--max-new-tokens", paramLabel = "N", required = true, description = "Tokens at most.")
    private int maxNewTokens;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON file to write.")
    private Path out;

    public static void main(String[] args) {
        System.exit(new CommandLine(new WriteTexts()).setExpandAtFiles(false).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> asked = new ArrayList<>();
        json.readTree(prompts.toFile()).forEach(prompt -> asked.add(prompt.asText()));
        ObjectNode all = json.createObjectNode();
        List<Path> folders;
        try (Stream<Path> found = Files.list(folder)) {
            folders = found.filter(Files::isDirectory).sorted().toList();
        }
        for (Path one : folders) {
            continueAll(one, asked, all.putArray(one.getFileName().toString()));
        }
        json.writeValue(out.toFile(), all);
        return 0;
    }

    private void continueAll(Path one, List<String> asked, ArrayNode rows) throws IOException {
        GenerationConfig greedy = GenerationConfig.greedy(maxNewTokens);
        try (TextGenerator generator =
                TextGenerator.open(one, Options.defaults().withThreads(1))) {
            List<String> texts = generator.generate(asked, greedy);
            for (int i = 0; i < texts.size(); i++) {
                StringBuilder streamed = new StringBuilder();
                generator.stream(asked.get(i), greedy, streamed::append);
                rows.addObject().put("text", texts.get(i)).put("streamed", streamed.toString());
            }
        }
    }
}
