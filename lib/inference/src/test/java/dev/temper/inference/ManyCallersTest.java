package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.generate.GenerationConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service does with a model: calls from many threads, interruptions, closing. */
@Timeout(60)
final class ManyCallersTest {
    private static final GenerationConfig SHORT = GenerationConfig.greedy(8);
    private static final GenerationConfig ENDLESS = GenerationConfig.greedy(200_000);

    @TempDir
    Path folder;

    private final ExecutorService callers = Executors.newFixedThreadPool(6);
    private TextGenerator generator;

    @BeforeEach
    void open() throws Exception {
        generator = TextGenerator.open(
                TinyFolder.generator(folder), Options.defaults().withThreads(1));
    }

    @AfterEach
    void close() {
        callers.shutdownNow();
        generator.close();
    }

    @Test
    void callersGetTheirOwnAnswers() throws Exception {
        List<String> prompts = IntStream.range(0, 24).mapToObj(i -> "text " + i).toList();
        List<String> expected = generator.generate(prompts, SHORT);
        List<Future<String>> answers = new ArrayList<>();
        for (String prompt : prompts) {
            answers.add(callers.submit(() -> {
                StringBuilder text = new StringBuilder();
                generator.stream(prompt, SHORT, text::append);
                assertThat(generator.generate(prompt, SHORT)).isEqualTo(text.toString());
                return text.toString();
            }));
        }

        for (int i = 0; i < prompts.size(); i++) {
            assertThat(answers.get(i).get()).isEqualTo(expected.get(i));
        }
    }

    @Test
    void anInterruptedCallEndsAndOthersGoOn() throws Exception {
        CompletableFuture<Thread> begun = new CompletableFuture<>();
        CompletableFuture<Boolean> isInterrupted = new CompletableFuture<>();
        Future<?> streaming = callers.submit(() -> {
            try {
                generator.stream("abc", ENDLESS, piece -> begun.complete(Thread.currentThread()));
            } finally {
                isInterrupted.complete(Thread.currentThread().isInterrupted());
            }
        });

        begun.get().interrupt();

        assertThatThrownBy(streaming::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(CancellationException.class);
        assertThat(isInterrupted.get()).isTrue();
        assertThat(generator.generate("abc", SHORT)).isNotEmpty();
    }

    @Test
    void anErrorOfTheConsumerEndsItsCall() {
        assertThatThrownBy(() -> generator.stream("abc", ENDLESS, piece -> {
                    throw new IllegalArgumentException("full");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("full");
        assertThat(generator.generate("abc", SHORT)).isNotEmpty();
    }

    @Test
    void closingEndsCallsThatWaitAndAreUnderWay() throws Exception {
        CompletableFuture<Future<String>> waiting = new CompletableFuture<>();

        assertThatThrownBy(() -> generator.stream("abc", ENDLESS, piece -> {
                    waiting.complete(callers.submit(() -> generator.generate("abc", ENDLESS)));
                    generator.close();
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model is closed");

        assertThatThrownBy(() -> waiting.get().get())
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> generator.generate("abc", SHORT)).isInstanceOf(IllegalStateException.class);
        generator.close(); // once more does no harm
    }

    @Test
    void closingEndsTheThread() throws Exception {
        callers.shutdown();
        callers.awaitTermination(1, TimeUnit.MINUTES);

        generator.close();

        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("temper-inference")) {
                thread.join(TimeUnit.MINUTES.toMillis(1)); // it has ended, but may not be gone yet
                assertThat(thread.isAlive()).isFalse();
            }
        }
    }
}
