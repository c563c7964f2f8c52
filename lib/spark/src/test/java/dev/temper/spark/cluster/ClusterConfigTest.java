package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ClusterConfigTest {
    @ParameterizedTest
    @CsvSource({
        "1048576, 1048576",
        "64k, 65536",
        "500m, 524288000",
        "8g, 8589934592",
        "8 GB, 8589934592",
        "2t, 2199023255552",
        "7b, 7"
    })
    void sizesAreSparks(String memory, long bytes) {
        assertThat(config(memory).memoryBytes()).hasValue(bytes);
    }

    @Test
    void autoDependsOnTheMachine() {
        assertThat(config("auto").memoryBytes()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0g", "-1g", "1.5g", "8gib", "much"})
    void otherSizesAreRefused(String memory) {
        assertThatThrownBy(() -> config(memory))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("cluster.memory must be auto or a size such as 8g or 500m, got '%s'", memory);
    }

    private static ClusterConfig config(String memory) {
        return new ClusterConfig(1, Duration.ofSeconds(60), Optional.empty(), memory);
    }
}
