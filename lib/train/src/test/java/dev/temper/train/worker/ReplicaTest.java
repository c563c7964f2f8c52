package dev.temper.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.temper.collective.Collective;
import dev.temper.collective.Workers;
import dev.temper.kernel.FailedAllocationException;
import dev.temper.train.Settings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Workers that wait for one that tries again. */
final class ReplicaTest {
    /** Counts down with each sum of doubles. */
    private record Counted(Collective ring, CountDownLatch sums) implements Collective {
        @Override
        public int rank() {
            return ring.rank();
        }

        @Override
        public int size() {
            return ring.size();
        }

        @Override
        public void sum(List<ByteBuffer> buckets) throws IOException {
            ring.sum(buckets);
        }

        @Override
        public double[] sum(double[] values) throws IOException {
            double[] sums = ring.sum(values);
            this.sums.countDown();
            return sums;
        }

        @Override
        public void barrier() throws IOException {
            ring.barrier();
        }

        @Override
        public void close() {
            ring.close();
        }
    }

    @Test
    void othersHearOfOneThatTriesAgain() throws Exception {
        CountDownLatch heard = new CountDownLatch(3 * 3); // by each: the failure, and twice that it lives
        AtomicInteger tries = new AtomicInteger();
        List<double[]> sums = Workers.all(3, ring -> {
            Replica worker = Replica.of(null, new Counted(ring, heard), new Settings().config());
            return worker.sum(2, () -> {
                if (ring.rank() == 1 && tries.incrementAndGet() == 1) {
                    return Optional.empty();
                }
                if (ring.rank() == 1) {
                    awaitAll(heard);
                }
                return Optional.of(new double[] {ring.rank(), 10});
            });
        });

        assertThat(tries).hasValue(2);
        assertThat(sums).allSatisfy(sum -> assertThat(sum).containsExactly(3, 30));
    }

    private static void awaitAll(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void allSayWhichRowOfOneDoesNotFit() throws Exception {
        List<String> messages = Workers.all(2, ring -> {
            Replica worker = Replica.of(null, ring, new Settings().config());
            Throwable failure = catchThrowable(() -> worker.sum(1, () -> {
                if (ring.rank() == 1) {
                    new MicroBatchSize(10).halve(new int[] {77}, new FailedAllocationException("no memory"));
                }
                return Optional.of(new double[1]);
            }));
            ring.barrier(); // it is whole
            assertThat(failure).isInstanceOf(TooLongRowException.class);
            return failure.getMessage();
        });

        assertThat(messages).allSatisfy(message -> assertThat(message).contains("a row of 77 tokens"));
    }
}
