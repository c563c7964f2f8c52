package dev.temper.recipe;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Check;
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

/**
 * Reads a record from a tree and writes it back; the component {@code maxLength} is the key {@code max_length}. A
 * single value is read as a list of one, and a text as a record that has {@code of(String)}.
 *
 * @param root the type of the whole tree, whose keys are proposed when one is in the wrong place
 */
public record RecordTree<T extends Record>(Class<T> root) {
    private static final int LINE = 100; // longer lists are not read
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
        return List.copyOf(types().keySet());
    }

    /** Every key with the type of what is written there. */
    Map<String, Type> types() {
        Map<String, Type> types = new LinkedHashMap<>();
        addTypes(root, "", types);
        return types;
    }

    /** Reads what is written behind one key; whether it goes with others shows when all of them are read. */
    Object read(String key, JsonNode node) {
        return value(node, types().get(key), key);
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
        return Scalars.MAPPER.valueToTree(value);
    }

    private static void addTypes(Class<?> section, String prefix, Map<String, Type> types) {
        for (RecordComponent component : section.getRecordComponents()) {
            String key = prefix + key(component);
            Type inner = component.getGenericType() instanceof ParameterizedType generic
                            && generic.getRawType() == Optional.class
                    ? generic.getActualTypeArguments()[0]
                    : component.getGenericType();
            types.put(key, inner);
            if (inner instanceof Class<?> type && type.isRecord() && !isText(type)) {
                addTypes(type, key + ".", types);
            }
        }
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
                Scalars.shown(node));
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
        return raw.isEnum() ? constant(node, raw, key) : Scalars.read(node, raw, key);
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
        check(node.isObject(), "%s must be a mapping such as {prompt: question}, got %s", key, Scalars.shown(node));
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
        check(index >= 0, "%s must be %s, got %s", key, choice(node.asText(), names), Scalars.shown(node));
        return type.getEnumConstants()[index];
    }

    /** All names where they are few, otherwise what may be meant. */
    private static String choice(String given, List<String> names) {
        String all = String.join(" or ", names);
        String meant =
                Check.nearest(given, names).map(name -> "such as " + name).orElse("in docs/recipe.md");
        return all.length() <= LINE ? all : "one of its " + names.size() + " names, " + meant;
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
}
