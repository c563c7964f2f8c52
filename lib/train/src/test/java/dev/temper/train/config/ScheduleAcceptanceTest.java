package dev.temper.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.model.GoldenModels;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Learning rates against transformers' get_scheduler. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class ScheduleAcceptanceTest {
    private static final String FILE = "misc/schedules.json";

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#all")
    void everyTypeIsThere(GoldenModels goldens) throws Exception {
        TreeSet<String> names = new TreeSet<>();
        goldens.json(FILE)
                .path("schedules")
                .fieldNames()
                .forEachRemaining(name -> names.add(name.replaceFirst(":.*", "")));
        assertThat(Arrays.stream(Schedule.Type.values()).map(type -> type.name().toLowerCase(Locale.ROOT)))
                .containsExactlyInAnyOrderElementsOf(names);
    }

    static Stream<Arguments> risesAndFallsAsInTransformers() {
        return GoldenModels.inEach(
                "linear",
                "cosine",
                "cosine_with_restarts",
                "cosine_with_restarts:defaults",
                "cosine_with_min_lr",
                "polynomial",
                "polynomial:defaults",
                "inverse_sqrt",
                "warmup_stable_decay",
                "warmup_stable_decay:linear_decay",
                "constant",
                "constant_with_warmup");
    }

    @ParameterizedTest
    @MethodSource
    void risesAndFallsAsInTransformers(GoldenModels goldens, String name) throws Exception {
        JsonNode golden = goldens.json(FILE);
        JsonNode expected = golden.path("schedules").path(name).path("multipliers");
        Map<String, Object> kwargs = new LinkedHashMap<>();
        golden.path("schedules")
                .path(name)
                .path("kwargs")
                .fields()
                .forEachRemaining(entry -> kwargs.put(
                        entry.getKey(),
                        entry.getValue().isNumber()
                                ? (Object) entry.getValue().asDouble()
                                : entry.getValue().asText()));
        Schedule schedule = new Schedule(
                Schedule.Type.valueOf(name.replaceFirst(":.*", "").toUpperCase(Locale.ROOT)),
                golden.path("warmup_steps").asInt(),
                golden.path("training_steps").asInt(),
                golden.path("base_lr").asDouble(),
                kwargs);

        assertThat(expected).hasSize(101);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(schedule.factor(i))
                    .as("update %d", i)
                    .isCloseTo(expected.path(i).asDouble(), within(1e-9));
        }
    }
}
