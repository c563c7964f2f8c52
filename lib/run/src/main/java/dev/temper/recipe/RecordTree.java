package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Check;
import dev.temper.check.Secrets;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a record from a tree and writes it back; the component {@code maxLength} is the key {@code max_length}. A
 * single value is read as a list of one, and a text as a record that has {@code of(String)}.
 *
 * @param root the type of the whole tree, whose keys are proposed when one is in the wrong place
 */
public record RecordTree<T extends Record>(Class<T> root) {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    // YAML 1.1 has no 1e-4 among its numbers: it arrives as a text.
    private static final Pattern NUMBER = Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    private static final int LINE = 100; // longer lists are not read

    /** Reads a value that is there. */
    private interface Scalar {
        Object read(JsonNode node, String key);
    }

    private static final Map<Type, Scalar> SCALARS = Map.ofEntries(
            entry(int.class, RecordTree::wholeNumber),
            entry(Integer.class, RecordTree::wholeNumber),
            entry(long.class, RecordTree::longNumber),
            entry(double.class, RecordTree::number),
            entry(Double.class, RecordTree::number),
            entry(boolean.class, RecordTree::truth),
            entry(Boolean.class, RecordTree::truth),
            entry(String.class, RecordTree::text),
            entry(Object.class, (node, key) -> MAPPER.convertValue(node, Object.class)),
            entry(Duration.class, RecordTree::duration),
            entry(OptionalInt.class, (node, key) -> OptionalInt.of(wholeNumber(node, key))),
            entry(OptionalLong.class, (node, key) -> OptionalLong.of(longNumber(node, key))),
            entry(OptionalDouble.class, (node, key) -> OptionalDouble.of(number(node, key))));

    private static final Map<Type, Object> ABSENT = Map.of(
            Optional.class, Optional.empty(),
            OptionalInt.class, OptionalInt.empty(),
            OptionalLong.class, OptionalLong.empty(),
            OptionalDouble.class, OptionalDouble.empty());

    public T read(JsonNode tree) {
        return root.cast(section(tree, root, ""));
    }

    /** Every key with its sections, such as {@code data.max_length}. */
    public List<String> keys() {
        return keys(root, "");
    }

    /** The tree of a record; empty values are left out. */
    static JsonNode write(Object value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (value instanceof Record section) {
            ObjectNode tree = nodes.objectNode();
            for (RecordComponent component : section.getClass().getRecordComponents()) {
                JsonNode node = write(call(component.getAccessor(), section));
                if (!node.isNull()) {
                    tree.set(key(component), node);
                }
            }
            boolean isLocation = tree.size() == 1 && tree.has("location") && isText(section.getClass());
            return isLocation ? tree.get("location") : tree; // as it was written when there were files alone
        }
        if (value instanceof List<?> items) {
            ArrayNode tree = nodes.arrayNode();
            items.forEach(item -> tree.add(write(item)));
            return tree;
        }
        if (value instanceof Map<?, ?> entries) {
            ObjectNode tree = nodes.objectNode();
            new TreeMap<>(entries).forEach((key, item) -> tree.set((String) key, write(item))); // the same in every JVM
            return tree;
        }
        return scalar(value);
    }

    private static JsonNode scalar(Object value) {
        if (value instanceof Optional<?> optional) {
            return write(optional.orElse(null));
        }
        if (value instanceof OptionalInt number) {
            return scalar(number.isPresent() ? number.getAsInt() : null);
        }
        if (value instanceof OptionalLong number) {
            return scalar(number.isPresent() ? number.getAsLong() : null);
        }
        if (value instanceof OptionalDouble number) {
            return scalar(number.isPresent() ? number.getAsDouble() : null);
        }
        if (value instanceof Enum<?> constant) {
            return scalar(constant.name().toLowerCase(Locale.ROOT));
        }
        if (value instanceof Duration time) {
            return scalar(time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms");
        }
        return MAPPER.valueToTree(value);
    }

    private static List<String> keys(Class<?> type, String prefix) {
        List<String> keys = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String key = prefix + key(component);
            Type inner = component.getGenericType() instanceof ParameterizedType generic
                            && generic.getRawType() == Optional.class
                    ? generic.getActualTypeArguments()[0]
                    : component.getType();
            keys.add(key);
            if (inner instanceof Class<?> section && section.isRecord() && !isText(section)) {
                keys.addAll(keys(section, key + "."));
            }
        }
        return keys;
    }

    /** Whether it is one value to who writes a recipe, though it may be written as a section. */
    private static boolean isText(Class<?> section) {
        return Arrays.stream(section.getMethods())
                .anyMatch(method -> method.getName().equals("of")
                        && Arrays.equals(method.getParameterTypes(), new Class<?>[] {String.class}));
    }

    private Object section(JsonNode node, Class<?> type, String prefix) {
        List<String> valid =
                Arrays.stream(type.getRecordComponents()).map(RecordTree::key).toList();
        String section = prefix.isEmpty() ? "the recipe" : prefix.substring(0, prefix.length() - 1);
        String last = section.substring(section.lastIndexOf('.') + 1);
        check(
                node.isObject(),
                "%s must be a section such as %s: {%s: …}, got %s",
                section,
                last,
                valid.get(0),
                shown(node));
        node.fieldNames().forEachRemaining(name -> {
            if (!valid.contains(name)) {
                throw new UnknownKey(prefix, name, valid, keys()).exception();
            }
        });
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            String key = key(components[i]);
            values[i] = component(node.path(key), components[i], prefix + key);
        }
        return construct(type, values);
    }

    private Object component(JsonNode node, RecordComponent component, String key) {
        if (node.isMissingNode() || node.isNull()) {
            check(ABSENT.containsKey(component.getType()), "%s is missing from the recipe", key);
            return ABSENT.get(component.getType());
        }
        return value(node, component.getGenericType(), key);
    }

    private Object value(JsonNode node, Type type, String key) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            if (generic.getRawType() == Optional.class) {
                return Optional.of(value(node, arguments[0], key));
            }
            return generic.getRawType() == List.class ? list(node, arguments[0], key) : map(node, arguments[1], key);
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isRecord()) {
            return node.isTextual() ? fromText(node, raw, key) : section(node, raw, key + ".");
        }
        return raw.isEnum() ? constant(node, raw, key) : SCALARS.get(raw).read(node, key);
    }

    private List<Object> list(JsonNode node, Type item, String key) {
        if (!node.isArray()) {
            return List.of(value(node, item, key));
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            items.add(value(node.get(i), item, key + "[" + i + "]"));
        }
        return items;
    }

    private Map<String, Object> map(JsonNode node, Type item, String key) {
        check(node.isObject(), "%s must be a mapping such as {prompt: question}, got %s", key, shown(node));
        Map<String, Object> entries = new LinkedHashMap<>();
        node.fields()
                .forEachRemaining(entry ->
                        entries.put(entry.getKey(), value(entry.getValue(), item, key + "." + entry.getKey())));
        return entries;
    }

    private Object fromText(JsonNode node, Class<?> type, String key) {
        try {
            return call(type.getMethod("of", String.class), null, node.textValue());
        } catch (NoSuchMethodException e) {
            return section(node, type, key + "."); // says which keys it must have
        }
    }

    private static Object constant(JsonNode node, Class<?> type, String key) {
        List<String> names = Arrays.stream(type.getEnumConstants())
                .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
                .toList();
        int index = node.isTextual() ? names.indexOf(node.textValue()) : -1;
        check(index >= 0, "%s must be %s, got %s", key, choice(node.asText(), names), shown(node));
        return type.getEnumConstants()[index];
    }

    /** All names where they are few, otherwise what may be meant. */
    private static String choice(String given, List<String> names) {
        String all = String.join(" or ", names);
        String meant =
                Check.nearest(given, names).map(name -> "such as " + name).orElse("in docs/recipe.md");
        return all.length() <= LINE ? all : "one of its " + names.size() + " names, " + meant;
    }

    private static int wholeNumber(JsonNode node, String key) {
        check(node.isIntegralNumber() && node.canConvertToInt(), "%s must be a whole number, got %s", key, shown(node));
        return node.intValue();
    }

    private static long longNumber(JsonNode node, String key) {
        check(
                node.isIntegralNumber() && node.canConvertToLong(),
                "%s must be a whole number, got %s",
                key,
                shown(node));
        return node.longValue();
    }

    private static double number(JsonNode node, String key) {
        boolean isText = node.isTextual() && NUMBER.matcher(node.textValue()).matches();
        double number = isText ? Double.parseDouble(node.textValue()) : node.asDouble(Double.NaN);
        check((isText || node.isNumber()) && Double.isFinite(number), "%s must be a number, got %s", key, shown(node));
        return number;
    }

    private static boolean truth(JsonNode node, String key) {
        check(node.isBoolean(), "%s must be true or false, got %s", key, shown(node));
        return node.booleanValue();
    }

    // A folder 2024_01 without quotes is the number 202401 to YAML: reading numbers as texts would change them.
    private static String text(JsonNode node, String key) {
        String hint = node.isValueNode() ? ": put it in quotes" : "";
        check(node.isTextual(), "%s must be a text, got %s%s", key, shown(node), hint);
        return node.textValue();
    }

    private static Duration duration(JsonNode node, String key) {
        Matcher parts = DURATION.matcher(node.asText());
        check(parts.matches(), "%s must be a time such as 60s or 5m, got %s", key, shown(node));
        long amount = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
    }

    private static Object construct(Class<?> type, Object[] values) {
        Class<?>[] types = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            throw unwrapped(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object call(Method method, Object target, Object... arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw unwrapped(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static RuntimeException unwrapped(InvocationTargetException e) {
        return e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
    }

    private static String key(RecordComponent component) {
        return component.getName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    private static String shown(JsonNode node) {
        String all = node.isTextual() ? "'" + node.textValue() + "'" : node.isNull() ? "nothing" : node.toString();
        String text = Secrets.masked(all); // half a secret would not be known
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }
}
