package dev.temper.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RingTest {
    private static final long SEED = new Random().nextLong();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void equalsASequentialSumForRandomLengthsAlsoShorterThanTheRing(int size) throws Exception {
        Random random = new Random(SEED);
        int[] lengths = random.ints(12, 0, 100_000).toArray();
        Arrays.setAll(lengths, i -> i < 5 ? i : lengths[i]);

        List<List<float[]>> results = Workers.all(size, ring -> {
            List<float[]> sums = new ArrayList<>();
            for (int length : lengths) {
                ByteBuffer floats = floats(ring.rank(), length);
                ring.sum(floats);
                sums.add(array(floats));
            }
            return sums;
        });

        assertAllAreTheSum(results, lengths);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void sumsManyBucketsInOneCall(int size) throws Exception {
        int[] lengths = {0, 1, 70_001, 3, 0, 2, 12_345, 1};

        List<List<float[]>> results = Workers.all(size, ring -> {
            List<ByteBuffer> buckets = new ArrayList<>();
            for (int length : lengths) {
                buckets.add(floats(ring.rank(), length));
            }
            ring.sum(buckets);
            return buckets.stream().map(RingTest::array).toList();
        });

        assertAllAreTheSum(results, lengths);
    }

    @Test
    void sumsMoreThanTheSocketsBuffer() throws Exception {
        int[] lengths = {6_000_000};

        List<List<float[]>> results = Workers.all(2, ring -> {
            ByteBuffer floats = floats(ring.rank(), lengths[0]);
            ring.sum(floats);
            return List.of(array(floats));
        });

        assertAllAreTheSum(results, lengths);
    }

    @Test
    void leavesWhatLiesOutsideOfPositionAndLimit() throws Exception {
        List<float[]> results = Workers.all(2, ring -> {
            ByteBuffer floats = ByteBuffer.allocateDirect(4 * Float.BYTES).order(ByteOrder.nativeOrder());
            floats.asFloatBuffer().put(new float[] {1, 2, 3, 4});
            floats.position(Float.BYTES).limit(3 * Float.BYTES);
            ring.sum(floats);
            assertThat(floats.position()).isEqualTo(Float.BYTES);
            assertThat(floats.limit()).isEqualTo(3 * Float.BYTES);
            return array(floats.clear().order(ByteOrder.nativeOrder()));
        });

        assertThat(results).allSatisfy(sum -> assertThat(sum).containsExactly(1, 4, 6, 4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void sumsDoublesInTheOrderOfRanks(int size) throws Exception {
        double[] expected = new double[300];
        for (int rank = 0; rank < size; rank++) {
            double[] values = doubles(rank);
            Arrays.setAll(expected, i -> expected[i] + values[i]);
        }

        List<double[]> results = Workers.all(size, ring -> {
            assertThat(ring.sum(new double[0])).isEmpty();
            return ring.sum(doubles(ring.rank()));
        });

        assertThat(results).as("seed %d", SEED).allSatisfy(sums -> assertThat(sums)
                .containsExactly(expected));
    }

    @Test
    void leavesABarrierOnlyAfterAllHaveCome() throws Exception {
        AtomicInteger arrived = new AtomicInteger();

        List<Integer> seen = Workers.all(3, ring -> {
            arrived.incrementAndGet();
            ring.barrier();
            return arrived.get();
        });

        assertThat(seen).containsOnly(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void refusesBuffersThatItCannotSumInPlace(int size) throws Exception {
        Workers.all(size, ring -> {
            for (ByteBuffer bad : List.of(
                    ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()),
                    ByteBuffer.allocateDirect(3).order(ByteOrder.nativeOrder()),
                    ByteBuffer.allocateDirect(4).order(ByteOrder.BIG_ENDIAN))) {
                assertThatThrownBy(() -> ring.sum(bad))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("a bucket must be a direct buffer of floats in native order");
            }
            ring.barrier();
            return 0;
        });
    }

    private static void assertAllAreTheSum(List<List<float[]>> results, int[] lengths) {
        for (int bucket = 0; bucket < lengths.length; bucket++) {
            double[] expected = new double[lengths[bucket]];
            for (int rank = 0; rank < results.size(); rank++) {
                float[] values = array(floats(rank, lengths[bucket]));
                Arrays.setAll(expected, i -> expected[i] + values[i]);
            }
            float[] first = results.get(0).get(bucket);
            assertThat(first).hasSameSizeAs(expected);
            for (int i = 0; i < expected.length; i++) {
                if (Math.abs(first[i] - expected[i]) > 1e-5) { // the assertion itself is slow
                    assertThat((double) first[i]).as("seed %d", SEED).isCloseTo(expected[i], within(1e-5));
                }
            }
            for (List<float[]> result : results) {
                assertThat(Arrays.equals(result.get(bucket), first))
                        .as("same bits, bucket %d, seed %d", bucket, SEED)
                        .isTrue();
            }
        }
    }

    private static ByteBuffer floats(int rank, int length) {
        Random random = new Random(SEED + rank);
        ByteBuffer bytes = ByteBuffer.allocateDirect(length * Float.BYTES).order(ByteOrder.nativeOrder());
        FloatBuffer floats = bytes.asFloatBuffer();
        for (int i = 0; i < length; i++) {
            floats.put(2 * random.nextFloat() - 1);
        }
        return bytes;
    }

    private static float[] array(ByteBuffer bytes) {
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    private static double[] doubles(int rank) {
        return new Random(SEED + rank).doubles(300, -1, 1).toArray();
    }
}
