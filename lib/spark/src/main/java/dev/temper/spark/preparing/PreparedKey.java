package dev.temper.spark.preparing;

import dev.temper.spark.source.Sources.InputFile;
import dev.temper.storage.Hashes;
import dev.temper.text.DataConfig;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The name of a prepared data set: a hash of everything that determines its rows. Every component of {@link DataConfig}
 * is part of it unless it is explicitly excluded, so that a new component cannot be forgotten.
 */
final class PreparedKey {
    /** Components of {@link DataConfig} that are excluded, with the reason. */
    static final Map<String, String> EXCLUDED = Map.of(
            "packing", "rows are packed later; that wrapped has them whole is told by the stages' settings",
            "maxRejectedFraction", "says whether a run goes on with the rows, not what they are",
            "prepared", "says where the rows lie");

    private final StringBuilder text = new StringBuilder();

    private PreparedKey() {}

    /**
     * @param files in their order
     * @param sha256 gives the hash of a file
     */
    static String of(
            DataConfig data,
            long seed,
            Preparation preparation,
            List<InputFile> files,
            Function<InputFile, String> sha256) {
        PreparedKey key = new PreparedKey();
        key.add(List.of(PreparedManifest.VERSION, seed, preparation.settings(), preparation.columns()));
        for (InputFile file : files) {
            key.add(List.of(file.source(), file.origin(), sha256.apply(file)));
        }
        Arrays.stream(DataConfig.class.getRecordComponents())
                .filter(component -> !EXCLUDED.containsKey(component.getName()))
                .forEach(component -> key.add(component, data));
        return Hashes.sha256(key.text.toString()).substring(0, 16);
    }

    private void add(RecordComponent component, Object of) {
        text.append(component.getName()).append('=');
        Object value;
        try {
            component.getAccessor().setAccessible(true); // the record may be package-private
            value = component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("a record whose " + component.getName() + " cannot be read", e);
        }
        // Sorted, as the order of Map.copyOf differs between processes. The order inside a template's variable is the
        // user's.
        add(value instanceof Map<?, ?> map ? new TreeMap<>(map) : value);
    }

    /** Appends a value with its type and length, so that different values never have the same encoding. */
    private void add(Object value) {
        if (value == null || value instanceof String || value instanceof Number || value instanceof Boolean) {
            scalar(value == null ? "null" : value.getClass().getSimpleName(), String.valueOf(value));
        } else if (value instanceof Enum<?> constant) {
            scalar("enum", constant.name());
        } else if (value instanceof List<?> list) {
            text.append(list.size()).append('[');
            list.forEach(this::add);
        } else if (value instanceof Map<?, ?> map) {
            text.append(map.size()).append('{');
            map.forEach((name, one) -> {
                add(name);
                add(one);
            });
        } else if (value instanceof Record) {
            text.append('(');
            Arrays.stream(value.getClass().getRecordComponents()).forEach(component -> add(component, value));
        } else {
            add(optional(value));
        }
    }

    private void scalar(String type, String value) {
        text.append(type).append(value.length()).append(':').append(value);
    }

    private static List<?> optional(Object value) {
        if (value instanceof Optional<?> some) {
            return some.stream().toList();
        } else if (value instanceof OptionalInt some) {
            return some.stream().boxed().toList();
        } else if (value instanceof OptionalLong some) {
            return some.stream().boxed().toList();
        } else if (value instanceof OptionalDouble some) {
            return some.stream().boxed().toList();
        }
        throw new IllegalArgumentException("no way to write a " + value.getClass() + " into a key");
    }
}
