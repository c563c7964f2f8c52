package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.track.Metric;
import dev.temper.train.ProgressListener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ProgressServerTest {
    private final CompletableFuture<String> heard = new CompletableFuture<>();

    private final class Ear implements ProgressListener {
        @Override
        public void started(int steps) {}

        @Override
        public void resumed(int step, long tokens) {}

        @Override
        public void stepped(int step, double loss, double learningRate, long tokens) {}

        @Override
        public void measured(Metric metric) {}

        @Override
        public void warned(String sentence) {
            heard.complete(sentence);
        }
    }

    @Test
    void warningsOfTheFirstWorkerReachTheDriver() throws Exception {
        try (ProgressServer server = new ProgressServer("secret", new Ear());
                ProgressServer.ReportingListener worker = ProgressServer.connect(server.address("localhost"))) {
            worker.started(3);
            worker.warned("update 1 found no memory; 50 % of it is enough");

            assertThat(heard.get(10, TimeUnit.SECONDS)).isEqualTo("update 1 found no memory; 50 % of it is enough");
        }
    }
}
