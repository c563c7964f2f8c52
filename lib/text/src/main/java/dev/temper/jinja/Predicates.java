package dev.temper.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Jinja2's tests by name. */
final class Predicates {
    static final Map<String, Predicate> TABLE = new HashMap<>();

    private static final Signature NOTHING = Signature.of("/");
    private static final Signature OTHER = Signature.of("/other");

    /** A test of a value alone. */
    private interface Plain {
        boolean test(Object value);
    }

    static {
        plain("defined", value -> !(value instanceof Undefined));
        plain("undefined", value -> value instanceof Undefined);
        plain("none", value -> value == None.NONE);
        plain("boolean", value -> value instanceof Boolean);
        plain("true", value -> value.equals(true));
        plain("false", value -> value.equals(false));
        plain("integer", value -> value instanceof Long || value instanceof BigInteger);
        plain("float", value -> value instanceof Double);
        plain("number", Numbers::isNumber);
        plain("string", Values::isText);
        plain("mapping", value -> value instanceof Map);
        plain("iterable", Values::isIterable);
        plain("sequence", Predicates::isSequence);
        plain("callable", value -> value instanceof Callable || value instanceof Undefined);
        plain("escaped", value -> value instanceof Markup);
        plain("filter", value -> value instanceof String name && Filters.TABLE.containsKey(name));
        plain("test", value -> value instanceof String name && TABLE.containsKey(name));
        TABLE.put("lower", (state, value, arguments) -> {
            NOTHING.bind("lower", arguments);
            return Letters.isLower(Values.text(value, state));
        });
        TABLE.put("upper", (state, value, arguments) -> {
            NOTHING.bind("upper", arguments);
            return Letters.isUpper(Values.text(value, state));
        });
        TABLE.put("odd", (state, value, arguments) -> {
            NOTHING.bind("odd", arguments);
            return hasRest(state, value, 1L);
        });
        TABLE.put("even", (state, value, arguments) -> {
            NOTHING.bind("even", arguments);
            return hasRest(state, value, 0L);
        });
        TABLE.put("divisibleby", (state, value, arguments) -> {
            Object divisor = OTHER.bind("divisibleby", arguments)[0];
            return Comparison.equal(Operators.named("%").apply(state, value, divisor), 0L, state);
        });
        TABLE.put("sameas", (state, value, arguments) -> isSame(value, OTHER.bind("sameas", arguments)[0]));
        operator("in", "in");
        operator("==", "==", "eq", "equalto");
        operator("!=", "!=", "ne");
        operator("<", "<", "lt", "lessthan");
        operator("<=", "<=", "le");
        operator(">", ">", "gt", "greaterthan");
        operator(">=", ">=", "ge");
    }

    private Predicates() {}

    private static void plain(String name, Plain test) {
        TABLE.put(name, (state, value, arguments) -> {
            NOTHING.bind(name, arguments);
            return test.test(value);
        });
    }

    private static void operator(String operator, String... names) {
        Operators.Binary operation = Operators.named(operator);
        for (String name : names) {
            TABLE.put(
                    name,
                    (state, value, arguments) ->
                            Values.isTrue(operation.apply(state, value, OTHER.bind(name, arguments)[0])));
        }
    }

    private static boolean isSequence(Object value) {
        return value instanceof List || value instanceof Map || Values.isText(value) || value instanceof Undefined;
    }

    private static boolean hasRest(RenderState state, Object value, Long rest) {
        return Comparison.equal(Operators.named("%").apply(state, value, 2L), rest, state);
    }

    private static boolean isSame(Object a, Object b) {
        boolean isScalar = a instanceof String || a instanceof Long || a instanceof Boolean;
        return a == b || (isScalar && a.equals(b));
    }
}
