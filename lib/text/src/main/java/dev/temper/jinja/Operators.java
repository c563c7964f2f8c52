package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's binary operators on any values. */
final class Operators {
    /** One operator. */
    interface Binary {
        Object apply(RenderState state, Object a, Object b);
    }

    private Operators() {}

    static Binary named(String operator) {
        return switch (operator) {
            case "+" -> Operators::add;
            case "-" -> (state, a, b) -> numbers("-", a, b, state) ? Numbers.subtract(a, b) : null;
            case "*" -> Operators::multiply;
            case "/" -> (state, a, b) -> numbers("/", a, b, state) ? Numbers.divide(a, b) : null;
            case "//" -> (state, a, b) -> numbers("//", a, b, state) ? Numbers.floorDivide(a, b) : null;
            case "%" -> Operators::modulo;
            case "**" -> (state, a, b) -> numbers("** or pow()", a, b, state) ? Numbers.power(a, b) : null;
            case "==" -> (state, a, b) -> Comparison.equal(a, b, state);
            case "!=" -> (state, a, b) -> !Comparison.equal(a, b, state);
            case "in" -> (state, a, b) -> Comparison.contains(b, a, state);
            case "not in" -> (state, a, b) -> !Comparison.contains(b, a, state);
            default -> (state, a, b) -> Comparison.holds(operator, a, b, state);
        };
    }

    /** True, or it fails. */
    private static boolean numbers(String operator, Object a, Object b, RenderState state) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            state.steps(1);
            return true;
        }
        throw unsupported(operator, a, b);
    }

    private static TemplateException unsupported(String operator, Object a, Object b) {
        Undefined.refuse(a);
        Undefined.refuse(b);
        return TemplateException.type(
                "unsupported operand type(s) for %s: '%s' and '%s'", operator, Values.typeName(a), Values.typeName(b));
    }

    static Object add(RenderState state, Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            state.chars(x.length() + (long) y.length());
            return x.concat(y);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.add(a, b);
        }
        if (Values.isText(a) && Values.isText(b)) {
            String left = Markup.escape(a, state).text();
            String right = Markup.escape(b, state).text();
            state.chars(left.length() + (long) right.length());
            return new Markup(left.concat(right));
        }
        if (a instanceof List<?> x && b instanceof List<?> y && isSameSequence(a, b)) {
            state.elements(x.size() + (long) y.size());
            List<Object> sum = new ArrayList<>(x.size() + y.size());
            sum.addAll(x);
            sum.addAll(y);
            return a instanceof Tuple ? new Tuple(sum) : sum;
        }
        if (Values.isText(a) && !(b instanceof Undefined)) {
            throw TemplateException.type("can only concatenate str (not \"%s\") to str", Values.typeName(b));
        }
        throw unsupported("+", a, b);
    }

    private static boolean isSameSequence(Object a, Object b) {
        return (Values.isList(a) && Values.isList(b)) || (a instanceof Tuple && b instanceof Tuple);
    }

    private static Object multiply(RenderState state, Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            state.steps(1);
            return Numbers.multiply(a, b);
        }
        if (isRepeatable(a) && Numbers.isInteger(b)) {
            return repeat(state, a, b);
        }
        if (isRepeatable(b) && Numbers.isInteger(a)) {
            return repeat(state, b, a);
        }
        throw unsupported("*", a, b);
    }

    private static boolean isRepeatable(Object value) {
        return Values.isText(value) || value instanceof Tuple || Values.isList(value);
    }

    private static Object repeat(RenderState state, Object value, Object times) {
        long count = Math.max(0, Numbers.big(times).signum() < 0 ? 0 : Values.requireSize(times));
        if (value instanceof List<?> list) {
            state.elements(list.size() * count);
            List<Object> repeated = new ArrayList<>((int) (list.size() * count));
            for (int i = 0; i < count && !list.isEmpty(); i++) {
                repeated.addAll(list);
            }
            return value instanceof Tuple ? new Tuple(repeated) : repeated;
        }
        String text = value.toString();
        state.chars(text.length() * count);
        String repeated = text.repeat(text.isEmpty() ? 0 : (int) count);
        return value instanceof Markup ? new Markup(repeated) : repeated;
    }

    private static Object modulo(RenderState state, Object a, Object b) {
        if (a instanceof String format) {
            return PercentFormat.format(state, format, b);
        }
        if (a instanceof Markup markup) {
            return new Markup(PercentFormat.format(state, markup.text(), escaped(b, state)));
        }
        return numbers("%", a, b, state) ? Numbers.modulo(a, b) : null;
    }

    private static Object escaped(Object arguments, RenderState state) {
        if (arguments instanceof Tuple tuple) {
            return new Tuple(tuple.stream().map(item -> escaped(item, state)).toArray());
        }
        return Values.isText(arguments) ? Markup.escape(arguments, state).text() : arguments;
    }

    static Object negate(Object value) {
        if (Numbers.isNumber(value)) {
            return Numbers.negate(value);
        }
        Undefined.refuse(value);
        throw TemplateException.type("bad operand type for unary -: '%s'", Values.typeName(value));
    }

    static Object plus(Object value) {
        if (Numbers.isNumber(value)) {
            return value instanceof Boolean truth ? (Object) (truth ? 1L : 0L) : value;
        }
        Undefined.refuse(value);
        throw TemplateException.type("bad operand type for unary +: '%s'", Values.typeName(value));
    }
}
