package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Equality, order and membership. Traversing containers counts as steps. */
final class Comparison {
    private Comparison() {}

    static boolean equal(Object a, Object b, RenderState state) {
        if (a instanceof String x && b instanceof String y) {
            return x.equals(y);
        }
        if (a instanceof Long x && b instanceof Long y) {
            return x.longValue() == y.longValue();
        }
        return equal(a, b, state, 0);
    }

    private static boolean equal(Object a, Object b, RenderState state, int depth) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return !Numbers.isNaN(a) && !Numbers.isNaN(b) && Numbers.compare(a, b) == 0;
        }
        if (Values.isText(a) && Values.isText(b)) {
            String x = a.toString();
            state.scan(x.length());
            return x.equals(b.toString());
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return equalLists(x, y, state, depth);
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return equalMaps(x, y, state, depth);
        }
        if (a instanceof Undefined) {
            return b instanceof Undefined;
        }
        if (a instanceof DictView || b instanceof DictView) {
            return equalViews(a, b, state, depth);
        }
        return a == b;
    }

    private static boolean equalLists(List<?> a, List<?> b, RenderState state, int depth) {
        if (a.size() != b.size() || !Values.typeName(a).equals(Values.typeName(b))) {
            return false;
        }
        state.nested(depth);
        for (int i = 0; i < a.size(); i++) {
            state.steps(1);
            Object x = a.get(i);
            Object y = b.get(i);
            if (x != y && !equal(x, y, state, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalMaps(Map<?, ?> a, Map<?, ?> b, RenderState state, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        state.nested(depth);
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            state.steps(1);
            Object other = Keys.find(b, entry.getKey(), state);
            if (other == null || (entry.getValue() != other && !equal(entry.getValue(), other, state, depth + 1))) {
                return false;
            }
        }
        return true;
    }

    /** Keys and items are sets, values are only themselves. */
    private static boolean equalViews(Object a, Object b, RenderState state, int depth) {
        if (!(a instanceof DictView x) || !(b instanceof DictView y) || x.kind() != y.kind()) {
            return false;
        }
        return switch (x.kind()) {
            case VALUES -> a == b;
            case ITEMS -> equalMaps(x.map(), y.map(), state, depth);
            case KEYS -> {
                state.steps(x.map().size());
                yield x.map().keySet().equals(y.map().keySet());
            }
        };
    }

    /** Negative, zero or positive; fails, naming the operator, when there is no order. */
    static int order(Object a, Object b, String operator, RenderState state) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.compare(a, b);
        }
        if (Values.isText(a) && Values.isText(b)) {
            state.scan(a.toString().length());
            return Text.compare(a.toString(), b.toString());
        }
        if (a instanceof List<?> x
                && b instanceof List<?> y
                && Values.typeName(a).equals(Values.typeName(b))
                && !(a instanceof Range)) {
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                state.steps(1);
                if (x.get(i) != y.get(i) && !equal(x.get(i), y.get(i), state)) {
                    return order(x.get(i), y.get(i), operator, state);
                }
            }
            return Integer.compare(x.size(), y.size());
        }
        Undefined.refuse(a);
        Undefined.refuse(b);
        throw TemplateException.type(
                "'%s' not supported between instances of '%s' and '%s'",
                operator, Values.typeName(a), Values.typeName(b));
    }

    /** Whether {@code a operator b} holds for one of {@code < <= > >=}. */
    static boolean holds(String operator, Object a, Object b, RenderState state) {
        int order = order(a, b, operator, state);
        if (Numbers.isNaN(a) || Numbers.isNaN(b)) {
            return false;
        }
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    static boolean contains(Object container, Object item, RenderState state) {
        if (Values.isText(container)) {
            if (!Values.isText(item)) {
                throw TemplateException.type(
                        "'in <string>' requires string as left operand, not %s", Values.typeName(item));
            }
            state.scan(container.toString().length());
            return Text.find(container.toString(), item.toString(), 0) >= 0;
        }
        if (container instanceof Map<?, ?> map) {
            return Keys.find(map, item, state) != null;
        }
        if (container instanceof DictView view && view.kind() == DictView.Kind.KEYS) {
            return Keys.find(view.map(), item, state) != null;
        }
        var iterator = Values.iterator(container, state);
        while (iterator.hasNext()) {
            state.steps(1);
            Object candidate = iterator.next();
            if (candidate == item || equal(candidate, item, state)) {
                return true;
            }
        }
        return false;
    }

    /** Which of two keys stands first. */
    interface Order {
        int compare(Object a, Object b);
    }

    /** A stable sort that, unlike Java's, accepts inconsistent orders, as NaN gives. */
    static List<Object> sorted(List<Object> items, Order order) {
        Object[] sorted = items.toArray();
        Object[] spare = new Object[sorted.length];
        for (int width = 1; width < sorted.length; width *= 2) {
            for (int start = 0; start < sorted.length; start += 2 * width) {
                merge(sorted, spare, new int[] {start, start + width, start + 2 * width}, order);
            }
            Object[] full = spare;
            spare = sorted;
            sorted = full;
        }
        return new ArrayList<>(java.util.Arrays.asList(sorted));
    }

    private static void merge(Object[] from, Object[] to, int[] bounds, Order order) {
        int middle = Math.min(bounds[1], from.length);
        int end = Math.min(bounds[2], from.length);
        int left = bounds[0];
        int right = middle;
        for (int i = left; i < end; i++) {
            boolean takesLeft = right >= end || (left < middle && order.compare(from[right], from[left]) >= 0);
            to[i] = takesLeft ? from[left++] : from[right++];
        }
    }

    /** Items whose key was not there before. */
    static boolean isNew(Set<Object> seen, Object key, RenderState state) {
        Object plain = Keys.hashable(key, state);
        if (plain instanceof Boolean truth) {
            plain = truth ? 1L : 0L;
        } else if (plain instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 53) {
            plain = number.longValue();
        }
        return seen.add(plain);
    }
}
