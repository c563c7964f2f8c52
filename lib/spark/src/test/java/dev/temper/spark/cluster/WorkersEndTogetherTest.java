package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.check.InvalidInputException;
import dev.temper.spark.LocalSpark;
import dev.temper.train.ProgressListener;
import dev.temper.train.TrainingResult;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How a stage of two workers ends when one of them cannot go on. */
@Tag("spark")
final class WorkersEndTogetherTest {
    private static final ClusterConfig TWO = new ClusterConfig(2, Duration.ofSeconds(20), Optional.empty(), "auto");
    private static final AtomicInteger RUNS = new AtomicInteger(); // both workers are in this process
    private static CountDownLatch lost;

    @BeforeEach
    void reset() {
        RUNS.set(0);
        lost = new CountDownLatch(1);
    }

    /** The second worker finds out first that it lost the first one. */
    private static TrainingResult endAlone(BarrierTraining.Context context, RuntimeException reason) throws Exception {
        RUNS.incrementAndGet();
        if (context.workers().rank() == 0) {
            context.workers().close();
            assertThat(lost.await(1, TimeUnit.MINUTES)).isTrue();
            throw reason;
        }
        try {
            context.workers().sum(new double[] {1});
        } catch (IOException e) {
            lost.countDown();
            throw e;
        }
        return TrainingResult.evaluated(List.of(), List.of(), List.of(), 1);
    }

    private static List<TrainingResult> run(BarrierTraining.Worker worker) throws IOException {
        return BarrierTraining.run(LocalSpark.session(), TWO, worker, ProgressListener.silent(), new Interruption());
    }

    /** One of two is in another place. */
    private record Misplaced() implements BarrierTraining.Worker {
        @Override
        public void verifyPlace() {
            if (RUNS.incrementAndGet() == 1) {
                throw new InvalidInputException("output: not seen");
            }
        }

        @Override
        public TrainingResult run(BarrierTraining.Context context) {
            throw new IllegalStateException("never begun");
        }
    }

    @Test
    void whatEndsOneWorkerEndsTheRunAtOnce() {
        assertThatThrownBy(() -> run(context -> endAlone(context, new FailedRunException("it has diverged"))))
                .isInstanceOf(FailedRunException.class)
                .hasMessage("it has diverged");
        assertThat(RUNS).hasValue(2);
    }

    @Test
    void soDoesTheMistakeThatOneWorkerFinds() {
        assertThatThrownBy(() -> run(context -> endAlone(context, new InvalidInputException("data: no rows"))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data: no rows");
        assertThat(RUNS).hasValue(2);
    }

    @Test
    void aWorkerThatIsLostWithoutAReasonIsTriedAgain() throws Exception {
        List<TrainingResult> results = run(context -> {
            if (RUNS.incrementAndGet() <= 2 && context.workers().rank() == 0) {
                throw new IOException("its machine went away");
            }
            context.workers().sum(new double[] {1});
            return TrainingResult.evaluated(List.of(), List.of(), List.of(), 1);
        });

        assertThat(results).hasSize(2).doesNotContainNull();
        assertThat(RUNS).hasValue(4);
    }

    @Test
    void aPlaceThatOneWorkerDoesNotSeeIsToldByAll() {
        assertThatThrownBy(() -> run(new Misplaced()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("output: not seen");
    }
}
