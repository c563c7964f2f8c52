package dev.temper.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class DynamicMapTest {
    /** The smallest distance, the lower level of two: as bitsandbytes' generic kernel searches, level by level. */
    private static int nearest(float value, float[] levels) {
        int best = 0;
        for (int i = 1; i < levels.length; i++) {
            if (Math.abs(value - levels[i]) < Math.abs(value - levels[best])) {
                best = i;
            }
        }
        return best;
    }

    private static float[] values(DynamicMap map) {
        Random random = new Random(11);
        DoubleStream any = random.doubles(20_000, -1, 1);
        DoubleStream small = random.doubles(20_000, -9, 0).map(exponent -> Math.pow(10, exponent));
        float[] thresholds = map.thresholds();
        DoubleStream borders = IntStream.range(0, thresholds.length)
                .boxed()
                .flatMapToDouble(
                        i -> DoubleStream.of(thresholds[i], Math.nextDown(thresholds[i]), Math.nextUp(thresholds[i])));
        double[] all = DoubleStream.concat(
                        DoubleStream.concat(any, small), DoubleStream.concat(borders, DoubleStream.of(-1, 0, 1)))
                .flatMap(value -> DoubleStream.of(value, -value))
                .toArray();
        float[] values = new float[all.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) all[i];
        }
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void codesAreThoseOfTheNearestLevel(DynamicMap map) {
        float[] levels = map.levels();
        int[] cells = map.cells();
        for (float value : values(map)) {
            int expected = nearest(value, levels);
            int bits = Float.floatToRawIntBits(value);
            int lower = (value < 0 ? ~bits : bits) & 0xffff;

            assertThat(map.code(value)).as("code of %s", value).isEqualTo(expected);
            assertThat((cells[bits >>> 16] + lower) >>> 16)
                    .as("code of %s by its cell", value)
                    .isEqualTo(expected);
        }
    }
}
