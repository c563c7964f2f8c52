package dev.temper.spark.preparing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spark.DataSettings;
import dev.temper.spark.source.FileKind;
import dev.temper.spark.source.SourceFiles.SourceFile;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.source.Sources.InputFile;
import dev.temper.spark.source.Sources.Origin;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.InputColumn;
import dev.temper.text.InputColumn.Content;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class PreparedKeyTest {
    private static final DataConfig DATA = new DataSettings()
            .training("a.csv", 2)
            .limitedTo(100)
            .evaluatingAtMost(10)
            .config();
    private static final Preparation STAGES =
            new Preparation(List.of(new InputColumn("text", Content.TEXT, true)), List.of(), List.of("tokenizer 1"));
    private static final InputFile FILE = file("a.csv", new Origin(0, Use.TRAIN, 1));

    static Collection<RecordComponent> components() {
        return Arrays.asList(DataConfig.class.getRecordComponents());
    }

    private static InputFile file(String source, Origin origin) {
        return new InputFile(0, new SourceFile(source, "file:/data/" + source, 7), FileKind.CSV, origin);
    }

    private static String key(DataConfig data) {
        return PreparedKey.of(data, 1, STAGES, List.of(FILE), file -> "00");
    }

    /** A component that is added to the record is in this test by itself. */
    @ParameterizedTest
    @MethodSource("components")
    void eachSettingOfTheDataCountsOrIsExcludedForAReason(RecordComponent component) throws Exception {
        DataConfig other = with(component, changed(component.getName(), value(component, DATA)));
        assertThat(value(component, other)).isNotEqualTo(value(component, DATA));
        if (PreparedKey.EXCLUDED.containsKey(component.getName())) {
            assertThat(PreparedKey.EXCLUDED.get(component.getName())).contains(" ");
            assertThat(key(other)).isEqualTo(key(DATA));
        } else {
            assertThat(key(other)).isNotEqualTo(key(DATA));
        }
    }

    @Test
    void nothingIsExcludedThatIsNotThere() {
        Set<String> names = new TreeSet<>();
        components().forEach(component -> names.add(component.getName()));
        assertThat(names).containsAll(PreparedKey.EXCLUDED.keySet());
    }

    @Test
    void seedStagesColumnsAndFilesCount() {
        Preparation stages = new Preparation(STAGES.columns(), List.of(), List.of("tokenizer 2"));
        Preparation columns = new Preparation(
                List.of(new InputColumn("text", Content.JSON, true)), List.of(), List.of("tokenizer 1"));
        List<InputFile> files = List.of(FILE);
        Set<String> keys = new TreeSet<>(List.of(
                key(DATA),
                PreparedKey.of(DATA, 2, STAGES, files, file -> "00"),
                PreparedKey.of(DATA, 1, stages, files, file -> "00"),
                PreparedKey.of(DATA, 1, columns, files, file -> "00"),
                PreparedKey.of(DATA, 1, STAGES, files, file -> "01"),
                PreparedKey.of(DATA, 1, STAGES, List.of(FILE, FILE), file -> "00"),
                PreparedKey.of(DATA, 1, STAGES, List.of(file("b.csv", FILE.origin())), file -> "00"),
                PreparedKey.of(DATA, 1, STAGES, List.of(file("a.csv", new Origin(0, Use.EVAL, 1))), file -> "00"),
                PreparedKey.of(DATA, 1, STAGES, List.of(file("a.csv", new Origin(0, Use.TRAIN, 0.5))), file -> "00")));
        assertThat(keys).hasSize(9);
    }

    @Test
    void theOrderOfAMapsKeysCountsOnlyWithinAVariableOfTheTemplate() throws Exception {
        Map<String, List<String>> columns = new LinkedHashMap<>();
        columns.put("prompt", List.of("prompt"));
        columns.put("completion", List.of("completion"));
        assertThat(key(with("columns", columns))).isEqualTo(key(DATA));
        Map<String, Object> first = new LinkedHashMap<>(Map.of("a", 1));
        first.put("b", 2);
        Map<String, Object> second = new LinkedHashMap<>(Map.of("b", 2));
        second.put("a", 1);
        assertThat(key(with("chatTemplateKwargs", Map.<String, Object>of("tools", first))))
                .isNotEqualTo(key(with("chatTemplateKwargs", Map.<String, Object>of("tools", second))));
    }

    /** Texts that hold what stands between values, numbers as texts, lists as texts. */
    @Test
    void noTwoValuesLookAlike() throws Exception {
        Set<String> keys = new TreeSet<>();
        for (Object value :
                List.of("1", 1, 1L, 1.0, true, "true", List.of("a", "b"), List.of("a, b"), "[a, b]", Map.of())) {
            keys.add(key(with("chatTemplateKwargs", Map.of("x", value))));
        }
        keys.add(key(with("separator", "\nsystem=1[String1:x")));
        keys.add(key(with("system", Optional.of(""))));
        keys.add(key(DATA));
        assertThat(keys).hasSize(13);
    }

    private static Object value(RecordComponent component, DataConfig data) throws Exception {
        return component.getAccessor().invoke(data);
    }

    private static DataConfig with(String name, Object value) throws Exception {
        return with(
                components().stream()
                        .filter(one -> one.getName().equals(name))
                        .findFirst()
                        .orElseThrow(),
                value);
    }

    private static DataConfig with(RecordComponent component, Object value) throws Exception {
        List<Object> values = new ArrayList<>();
        for (RecordComponent each : components()) {
            values.add(each.getName().equals(component.getName()) ? value : value(each, DATA));
        }
        Class<?>[] types = components().stream().map(RecordComponent::getType).toArray(Class<?>[]::new);
        return DataConfig.class.getDeclaredConstructor(types).newInstance(values.toArray());
    }

    /** Another value of the same type that the record takes. */
    private static Object changed(String name, Object value) {
        Map<String, Object> ofNarrowTypes = Map.of(
                "encoding", "ISO-8859-1",
                "delimiter", ";",
                "date", Optional.of("2026-11-22"),
                "eval", Optional.of(Source.of("b.csv")),
                "train", List.of(new Source("a.csv", 3)),
                "columns", Map.of("prompt", List.of("prompt", "b"), "completion", List.of("completion")),
                "chatTemplateKwargs", Map.of("enable_thinking", false));
        return ofNarrowTypes.containsKey(name) ? ofNarrowTypes.get(name) : changed(value);
    }

    private static Object changed(Object value) {
        if (value instanceof String text) {
            return text + "x";
        } else if (value instanceof Boolean is) {
            return !is;
        } else if (value instanceof Integer number) {
            return number + 1;
        } else if (value instanceof Double number) {
            return number + 0.25;
        } else if (value instanceof OptionalLong number) {
            return OptionalLong.of(number.orElse(0) + 1);
        } else if (value instanceof Optional<?> text) {
            return Optional.of(text.orElse(null) + "x");
        } else if (value instanceof Enum<?> constant) {
            return Arrays.stream(constant.getDeclaringClass().getEnumConstants())
                    .filter(other -> other != constant)
                    .findFirst()
                    .orElseThrow();
        }
        throw new AssertionError("say how to change a " + value.getClass());
    }
}
