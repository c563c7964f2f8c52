package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.temper.check.Printable;
import dev.temper.inference.Options;
import dev.temper.inference.TextGenerator;
import dev.temper.spark.GivenCores;
import dev.temper.spark.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.track.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;

/** {@code temper generate}: continues prompts with a model folder, with or without an adapter. */
final class GenerateJob {
    private GenerateJob() {}

    static void run(Store store, GenerateCommand.Request request) throws Exception {
        Path base = localize(store, request.folder());
        Options options = Options.defaults().withThreads(GivenCores.ofDriver(new SparkConf()));
        if (request.adapter().isPresent()) {
            options = options.withAdapter(localize(store, request.adapter().get()));
        }
        try (TextGenerator generator = TextGenerator.open(base, options)) {
            List<String> prompts = request.generation().prompts();
            List<String> texts = generator.generate(prompts, request.generation(), request.seed());
            print(prompts, texts, request);
        }
    }

    private static Path localize(Store store, String location) throws IOException {
        return LocalCopies.model(new Folder(store, location), Optional.empty());
    }

    private static void print(List<String> prompts, List<String> texts, GenerateCommand.Request request) {
        ArrayNode list = new ObjectMapper().createArrayNode();
        for (int i = 0; i < prompts.size(); i++) {
            if (request.json()) {
                list.addObject().put("prompt", prompts.get(i)).put("text", texts.get(i));
            } else {
                System.out.println(shown(prompts.get(i) + texts.get(i), Terminal.isTerminal()));
            }
        }
        if (request.json()) {
            Console.say(list);
        }
    }

    /** A program gets the text as it is; a terminal must not obey what a model was taught to write. */
    static String shown(String text, boolean isTerminal) {
        return isTerminal ? Printable.lines(text) : text;
    }
}
