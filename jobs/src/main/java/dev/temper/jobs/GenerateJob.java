package dev.temper.jobs;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.InvalidInputException;
import dev.temper.check.Printable;
import dev.temper.inference.ChatMessage;
import dev.temper.inference.Conversations;
import dev.temper.inference.Options;
import dev.temper.inference.TextGenerator;
import dev.temper.model.Families;
import dev.temper.model.Task;
import dev.temper.recipe.Locations;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.cluster.GivenCores;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.storage.UntrustedFile;
import dev.temper.track.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/** {@code temper generate}: answers or continues prompts with a model folder, with or without an adapter. */
final class GenerateJob {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int USUAL_TOKENS = 50; // which nobody has asked for

    private GenerateJob() {}

    static void run(Store store, GenerateCommand.Request request) throws Exception {
        List<List<ChatMessage>> conversations = conversations(store, request); // mistakes show before a model is loaded
        Path base = localize(store, "FOLDER", request.folder());
        Set<Task> tasks = Families.tasks(Folder.local(base));
        check(
                tasks.isEmpty() || tasks.contains(Task.CAUSAL_LM), // of another type nothing is known
                "FOLDER: %s holds a model that continues no text, but classifies; temper classify asks it",
                request.folder());
        Options options = Options.defaults().withThreads(GivenCores.ofDriver(new SparkConf()));
        if (request.adapter().isPresent()) {
            options = options.withAdapter(
                    localize(store, "--adapter", request.adapter().get()));
        }
        String trained = request.adapter().orElse(request.folder());
        GenerateCommand.Asked asked = request.asked();
        try (TextGenerator generator = TextGenerator.open(base, options)) {
            check(
                    !asked.needsTemplate() || generator.hasChatTemplate(),
                    "%s has no chat template, which %s needs: put one there as chat_template.jinja, or give --prompt"
                            + " alone",
                    trained,
                    asked.messages().isPresent() ? "--messages" : "--system");
            int positions = generator.positions();
            check(
                    request.generation().maxNewTokens() <= Math.max(positions, USUAL_TOKENS),
                    "--max-new-tokens: %d is more than the %d positions of %s; write fewer",
                    request.generation().maxNewTokens(),
                    positions,
                    request.folder());
            boolean isByItself = !asked.raw() && generator.hasChatTemplate() && mayUseTemplate(store, trained);
            boolean isChat = asked.needsTemplate() || isByItself;
            List<String> texts = isChat
                    ? generator.generateChat(conversations, request.generation(), request.seed())
                    : generator.generate(request.generation().prompts(), request.generation(), request.seed());
            if (request.json()) {
                Console.say(json(request, conversations, texts));
            } else {
                print(isChat, conversations, texts);
            }
        }
    }

    /** Not where the run that wrote the folder has trained on texts as they are. */
    private static boolean mayUseTemplate(Store store, String location) {
        String folder = HadoopStore.resolve(location);
        if (!folder.matches(".*/(model|adapter)/*")) {
            return true; // no run's, or copied out of it
        }
        try {
            return RunOutput.mayUseTemplate(RunOutput.above(store, folder));
        } catch (IOException | InvalidInputException e) {
            return true; // what lies above is not what was asked for
        }
    }

    private static List<List<ChatMessage>> read(Store store, String location) throws IOException {
        String file = HadoopStore.resolve(location);
        check(
                Locations.find(store, "--messages", file)
                        .filter(entry -> !entry.isFolder())
                        .isPresent(),
                "--messages: %s is no file; name one with the messages in JSON",
                location);
        return Conversations.read("--messages: " + location, UntrustedFile.text(store, file));
    }

    private static List<List<ChatMessage>> conversations(Store store, GenerateCommand.Request request)
            throws IOException {
        List<List<ChatMessage>> asked = request.asked().messages().isPresent()
                ? read(store, request.asked().messages().get())
                : request.generation().prompts().stream()
                        .map(prompt -> List.of(ChatMessage.user(prompt)))
                        .toList();
        Optional<String> system = request.asked().system();
        return asked.stream()
                .map(messages -> system.isEmpty() || messages.get(0).role().equals("system")
                        ? messages
                        : Stream.concat(Stream.of(ChatMessage.system(system.get())), messages.stream())
                                .toList())
                .toList();
    }

    private static ArrayNode json(
            GenerateCommand.Request request, List<List<ChatMessage>> conversations, List<String> texts) {
        ArrayNode list = JSON.createArrayNode();
        for (int i = 0; i < texts.size(); i++) {
            ObjectNode answer = list.addObject();
            if (request.asked().messages().isPresent()) {
                answer.set("messages", JSON.valueToTree(conversations.get(i)));
            } else {
                answer.put("prompt", request.generation().prompts().get(i));
            }
            answer.put("text", texts.get(i));
        }
        return list;
    }

    /** A text with its continuation; or an answer, below its question where there are several. */
    private static void print(boolean isChat, List<List<ChatMessage>> conversations, List<String> texts) {
        boolean isTerminal = Terminal.isTerminal();
        for (int i = 0; i < texts.size(); i++) {
            List<ChatMessage> messages = conversations.get(i);
            String asked = messages.get(messages.size() - 1).content();
            String question = texts.size() == 1 ? "" : "> " + asked + "\n";
            System.out.println(shown((isChat ? question : asked) + texts.get(i), isTerminal));
        }
    }

    private static Path localize(Store store, String key, String location) throws IOException {
        Locations.verifyModel(store, key, location);
        return LocalCopies.model(new Folder(store, location), Optional.empty());
    }

    /** A program gets the text as it is; a terminal must not obey what a model was taught to write. */
    static String shown(String text, boolean isTerminal) {
        return isTerminal ? Printable.lines(text) : text;
    }
}
