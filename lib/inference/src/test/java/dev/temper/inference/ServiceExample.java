// docs/inference.md shows this class with its imports; tests compare and compile it.
package dev.temper.inference;

import dev.temper.generate.GenerationConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** A service that answers, and files what it is told. Its methods may be called from any thread. */
public final class ServiceExample implements AutoCloseable {
    private static final GenerationConfig GREEDY = GenerationConfig.greedy(200); // tokens at most

    private final TextGenerator generator;
    private final TextClassifier classifier;

    public ServiceExample(Path base, Path adapter, Path moods) throws IOException {
        generator = TextGenerator.open(base, Options.defaults().withAdapter(adapter));
        classifier = TextClassifier.open(moods);
    }

    /** Word by word, as a chat window shows it. */
    public void answer(String question, Consumer<String> words) {
        generator.streamChat(List.of(ChatMessage.system("Be brief."), ChatMessage.user(question)), GREEDY, words);
    }

    /** All at once is faster than one after the other. */
    public List<String> endings(List<String> beginnings) {
        return generator.generate(beginnings, GREEDY);
    }

    public String mood(String letter) {
        Classification mood = classifier.classify(letter);
        return mood.score() < 0.5 ? "unclear" : mood.label();
    }

    @Override
    public void close() {
        generator.close();
        classifier.close();
    }
}
