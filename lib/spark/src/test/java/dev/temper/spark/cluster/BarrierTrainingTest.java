package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.spark.LocalSpark;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import dev.temper.train.worker.StoppedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers of a barrier stage in this process, their sockets, and how they are stopped. */
@Tag("spark")
@Timeout(120)
final class BarrierTrainingTest {
    private static final ClusterConfig TWO = new ClusterConfig(2, Duration.ofSeconds(60), Optional.empty(), "auto");

    private static Set<InetSocketAddress> ofSpark = Set.of();

    private final SparkSession spark = LocalSpark.session();

    /** What the driver hears of steps, and what it does then. */
    private record Ear(List<Integer> steps, Runnable then) implements ProgressListener {
        @Override
        public void stepped(Update update) {
            steps.add(update.step());
            then.run();
        }
    }

    private static ProgressListener.Update update(int step) {
        return new ProgressListener.Update(step, 0, 0, 0, 0, 0, Double.NaN);
    }

    @Test
    void socketsAreWhereSparkListensAndStrangersDoNotDisturb() throws Exception {
        ofSpark = listening();
        Ear ear = new Ear(new ArrayList<>(), () -> {});

        List<TrainingResult> results =
                BarrierTraining.run(spark, TWO, BarrierTrainingTest::amongStrangers, ear, new Interruption());

        assertThat(results).hasSize(2).allSatisfy(result -> assertThat(result.tokens())
                .isEqualTo(3));
        assertThat(ear.steps()).containsExactly(1, 2);
    }

    private static TrainingResult amongStrangers(BarrierTraining.Context context) throws Exception {
        context.listener().started(2);
        context.listener().stepped(update(1));
        List<SocketChannel> strangers = new ArrayList<>();
        Set<InetSocketAddress> listening = listening();
        listening.removeAll(ofSpark);
        assertThat(listening).hasSize(1).allMatch(address -> address.getAddress()
                .isLoopbackAddress());
        if (context.workers().rank() == 1) {
            for (InetSocketAddress address : listening) {
                SocketChannel loud = SocketChannel.open(address);
                strangers.add(loud);
                shout(loud);
            }
        }
        context.workers().barrier();
        context.listener().stepped(update(2));
        long tokens =
                (long) context.workers().sum(new double[] {context.workers().rank() + 1})[0];
        for (SocketChannel stranger : strangers) {
            stranger.close();
        }
        return result(tokens);
    }

    private static void shout(SocketChannel loud) throws IOException {
        try {
            loud.configureBlocking(false);
            for (int i = 0; i < 100; i++) {
                loud.write(ByteBuffer.allocate(1 << 16));
            }
        } catch (IOException e) {
            assertThat(e.getMessage()).containsAnyOf("reset", "Broken pipe"); // cut: as it should be
        }
    }

    private static TrainingResult result(long tokens) {
        TrainingResult.Outcome outcome = new TrainingResult.Outcome(0, 0, 0, 0, false, 0, 0);
        return new TrainingResult(List.of(), List.of(), List.of(), outcome, 0, tokens, 0, 0, null, "", Map.of());
    }

    /** Where sockets of this process wait for connections, as Linux has it. */
    private static Set<InetSocketAddress> listening() throws IOException {
        Set<String> own;
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            own = files.map(BarrierTrainingTest::target).collect(Collectors.toSet());
        }
        List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/self/net/tcp")));
        lines.addAll(Files.readAllLines(Path.of("/proc/self/net/tcp6")));
        return lines.stream()
                .map(line -> line.strip().split("\\s+"))
                .filter(parts -> parts[3].equals("0A") && own.contains("socket:[" + parts[9] + "]"))
                .map(parts -> address(parts[1]))
                .collect(Collectors.toSet());
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return ""; // closed meanwhile
        }
    }

    /** The system writes each four bytes of an address as a number of this machine. */
    private static InetSocketAddress address(String hexadecimal) {
        String[] parts = hexadecimal.split(":");
        byte[] words = HexFormat.of().parseHex(parts[0]);
        byte[] bytes = new byte[words.length];
        for (int i = 0; i < words.length; i++) {
            bytes[i] = words[i / 4 * 4 + 3 - i % 4];
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), Integer.parseInt(parts[1], 16));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void aDriverListensWhereItsBindAddressSays() {
        assertThat(ListeningAddress.of(SparkEnv.get())).isEqualTo("127.0.0.1");
    }

    @Test
    void workersThatHaveBegunStopTogether() {
        Interruption interruption = new Interruption();
        Ear ear = new Ear(new ArrayList<>(), interruption::ask);

        assertThatThrownBy(() -> BarrierTraining.run(spark, TWO, BarrierTrainingTest::untilStopped, ear, interruption))
                .isInstanceOf(StoppedException.class)
                .hasMessage("stopped together");
        assertThat(ear.steps()).containsExactly(1);
    }

    private static TrainingResult untilStopped(BarrierTraining.Context context) throws Exception {
        context.listener().started(1);
        context.listener().stepped(update(1));
        double asked = 0;
        while (asked == 0) {
            asked = context.workers().sum(new double[] {context.stop().getAsBoolean() ? 1 : 0})[0];
        }
        throw new StoppedException("stopped together");
    }

    @Test
    void workersThatHaveNotBegunAreCancelled() throws Exception {
        Interruption interruption = new Interruption();
        Path begun = Files.createTempDirectory("begun");
        String marker = begun.resolve("marker").toString();
        Thread asking = new Thread(() -> {
            while (!Files.exists(Path.of(marker))) {
                Thread.onSpinWait();
            }
            interruption.ask();
        });
        asking.start();

        assertThatThrownBy(() -> BarrierTraining.run(
                        spark, TWO, context -> copyForever(marker), ProgressListener.silent(), interruption))
                .hasMessageContaining("cancelled");
        asking.join();
        Files.delete(Path.of(marker));
        Files.delete(begun);
    }

    private static TrainingResult copyForever(String marker) throws Exception {
        if (!Files.exists(Path.of(marker))) {
            Files.writeString(Path.of(marker), "");
        }
        new CountDownLatch(1).await();
        return null;
    }

    @Test
    void whoWasAskedBeforeDoesNotBegin() {
        Interruption interruption = new Interruption();
        interruption.ask();

        assertThatThrownBy(() -> BarrierTraining.run(
                        spark,
                        TWO,
                        context -> {
                            throw new IllegalStateException("begun");
                        },
                        ProgressListener.silent(),
                        interruption))
                .isInstanceOf(StoppedException.class)
                .hasMessage("interrupted before training");
    }

    @Test
    @SuppressWarnings("try") // the outer answer is there while the block runs, no more
    void theInnermostAnswersOnceAndNobodyWhenNoneIsLeft() {
        Interruption interruption = new Interruption();
        List<String> answers = new ArrayList<>();
        try (Interruption.Scope outer = interruption.answering(() -> answers.add("outer"))) {
            interruption.answering(() -> answers.add("inner")).close();
            interruption.ask();
            interruption.ask();
        }

        assertThat(answers).containsExactly("outer");
        assertThat(interruption.isAsked()).isTrue();
    }
}
