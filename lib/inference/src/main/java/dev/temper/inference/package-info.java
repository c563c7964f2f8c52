/**
 * Models in a Java service: open a folder, with or without an adapter; generate, stream, classify. No Spark.
 *
 * <pre>{@code
 * import dev.temper.generate.GenerationConfig;
 * import dev.temper.inference.ChatMessage;
 * import dev.temper.inference.Classification;
 * import dev.temper.inference.TextClassifier;
 * import dev.temper.inference.TextGenerator;
 * import java.nio.file.Path;
 * import java.util.List;
 *
 * public class Example {
 *     public static void main(String[] args) throws Exception {
 *         GenerationConfig greedy = GenerationConfig.greedy(100);
 *         try (TextGenerator generator = TextGenerator.open(Path.of("run/model"))) {
 *             System.out.println(generator.generate("Once upon a time", greedy));
 *             generator.stream("Once upon a time", greedy, System.out::print);
 *             System.out.println(generator.generateChat(List.of(ChatMessage.user("Who are you?")), greedy));
 *         }
 *         try (TextClassifier classifier = TextClassifier.open(Path.of("moods/model"))) {
 *             for (Classification mood : classifier.classify(List.of("I loved it.", "Never again."))) {
 *                 System.out.println(mood.label() + " " + mood.score());
 *             }
 *         }
 *     }
 * }
 * }</pre>
 */
package dev.temper.inference;
