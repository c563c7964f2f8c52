package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.GoldenModels;
import java.util.Locale;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Learning rates against transformers' get_scheduler. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ScheduleAcceptanceTest {
    @ParameterizedTest
    @EnumSource
    void risesAndFallsAsInTransformers(Schedule.Type type) throws Exception {
        JsonNode golden = GoldenModels.open().json("misc/schedules.json");
        JsonNode expected = golden.path("schedules")
                .path(type.name().toLowerCase(Locale.ROOT))
                .path("multipliers");
        Schedule schedule = new Schedule(
                type,
                golden.path("warmup_steps").asInt(),
                golden.path("training_steps").asInt());

        assertThat(expected).hasSize(101);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(schedule.factor(i))
                    .as("update %d", i)
                    .isCloseTo(expected.path(i).asDouble(), within(1e-9));
        }
    }
}
