package dev.temper.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Filters of lists, and of whatever else can be walked through. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void addTo(Map<String, Filter> table) {
        put(table, "length", "", (state, value, a) -> Values.length(value));
        table.put("count", table.get("length"));
        put(table, "list", "", SequenceFilters::list);
        put(table, "items", "", SequenceFilters::items);
        put(table, "first", "", SequenceFilters::first);
        put(table, "last", "", SequenceFilters::last);
        put(table, "join", "d? attribute?", SequenceFilters::join);
        put(table, "reverse", "", SequenceFilters::reverse);
        put(table, "sort", "reverse? case_sensitive? attribute?", SequenceFilters::sort);
        put(table, "dictsort", "case_sensitive? by? reverse?", SequenceFilters::dictSort);
        put(table, "unique", "case_sensitive? attribute?", SequenceFilters::unique);
        put(table, "min", "case_sensitive? attribute?", (state, value, a) -> extreme(state, value, a, -1));
        put(table, "max", "case_sensitive? attribute?", (state, value, a) -> extreme(state, value, a, 1));
        put(table, "sum", "attribute? start?", SequenceFilters::sum);
        put(table, "batch", "linecount fill_with?", SequenceFilters::batch);
        put(table, "slice", "slices fill_with?", SequenceFilters::slice);
        put(table, "groupby", "attribute default? case_sensitive?", SequenceFilters::groupBy);
    }

    private static void put(Map<String, Filter> table, String name, String parameters, Filter.Body body) {
        table.put(name, Filter.of(name, parameters, body));
    }

    private static Object list(RenderState state, Object value, Object[] arguments) {
        return Values.isList(value) ? value : new ArrayList<>(Values.items(value, state));
    }

    private static Object items(RenderState state, Object value, Object[] arguments) {
        if (value instanceof Undefined) {
            return new Generator(Collections.emptyIterator());
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw TemplateException.type("can only get item pairs from a mapping");
        }
        state.elements(map.size() * 2L);
        return new Generator(DictView.pairs(map).iterator());
    }

    private static Object first(RenderState state, Object value, Object[] arguments) {
        Iterator<Object> items = Values.iterator(value, state);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    private static Object last(RenderState state, Object value, Object[] arguments) {
        if (value instanceof Generator) {
            throw TemplateException.type("'generator' object is not reversible");
        }
        List<Object> items = Values.items(value, state);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.get(items.size() - 1);
    }

    private static Object join(RenderState state, Object value, Object[] arguments) {
        String separator = arguments[0] == null ? "" : Values.text(arguments[0], state);
        AttributePath path = AttributePath.of(arguments[1]);
        StringBuilder joined = new StringBuilder();
        Iterator<Object> items = Values.iterator(value, state);
        boolean isFirst = true;
        while (items.hasNext()) {
            state.steps(1);
            state.append(joined, isFirst ? "" : separator);
            state.append(joined, Values.text(path.of(state, items.next()), state));
            isFirst = false;
        }
        return joined.toString();
    }

    private static Object reverse(RenderState state, Object value, Object[] arguments) {
        if (Values.isText(value)) {
            return Access.slice(state, value, new Object[] {None.NONE, None.NONE, -1L});
        }
        state.elements(value instanceof List<?> list ? list.size() : 0);
        List<Object> reversed = new ArrayList<>(Values.items(value, state));
        Collections.reverse(reversed);
        return value instanceof Generator ? reversed : new Generator("list_reverseiterator", reversed.iterator());
    }

    private static List<Object> sorted(RenderState state, Object value, Comparison.Order order, Object isReversed) {
        List<Object> items = Values.items(value, state);
        state.elements(items.size());
        Comparison.Order counted = (a, b) -> {
            state.steps(1);
            return order.compare(a, b);
        };
        return Comparison.sorted(items, Filters.isSet(isReversed) ? (a, b) -> counted.compare(b, a) : counted);
    }

    private static Object sort(RenderState state, Object value, Object[] arguments) {
        List<AttributePath> paths = AttributePath.all(arguments[2]);
        List<Object> keyed = new ArrayList<>();
        for (Object item : Values.items(value, state)) {
            List<Object> key = new ArrayList<>();
            for (AttributePath path : paths) {
                key.add(path.key(state, item, arguments[1]));
            }
            keyed.add(new Tuple(key, item));
        }
        return seconds(sorted(state, keyed, byFirst(state), arguments[0]));
    }

    private static Comparison.Order byFirst(RenderState state) {
        return (a, b) -> Comparison.order(((Tuple) a).get(0), ((Tuple) b).get(0), "<", state);
    }

    private static List<Object> seconds(List<Object> pairs) {
        List<Object> seconds = new ArrayList<>(pairs.size());
        pairs.forEach(pair -> seconds.add(((Tuple) pair).get(1)));
        return seconds;
    }

    private static Object dictSort(RenderState state, Object value, Object[] arguments) {
        Object by = Filters.orElse(arguments[1], "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw TemplateException.type("you can only sort by either \"key\" or \"value\"");
        }
        Undefined.refuse(value);
        if (!(value instanceof Map<?, ?> map)) {
            throw TemplateException.type("dictsort needs a dict, got %s", Values.typeName(value));
        }
        AttributePath path = AttributePath.of(by.equals("key") ? 0L : 1L);
        List<Object> keyed = new ArrayList<>();
        for (Object pair : DictView.pairs(map)) {
            keyed.add(new Tuple(path.key(state, pair, arguments[0]), pair));
        }
        return seconds(sorted(state, keyed, byFirst(state), arguments[2]));
    }

    private static Object unique(RenderState state, Object value, Object[] arguments) {
        AttributePath path = AttributePath.of(arguments[1]);
        Set<Object> seen = new HashSet<>();
        List<Object> kept = new ArrayList<>();
        for (Object item : Values.items(value, state)) {
            state.elements(1);
            if (Comparison.isNew(seen, path.key(state, item, arguments[0]), state)) {
                kept.add(item);
            }
        }
        return new Generator(kept.iterator());
    }

    private static Object extreme(RenderState state, Object value, Object[] arguments, int sign) {
        AttributePath path = AttributePath.of(arguments[1]);
        Object best = null;
        Object bestKey = null;
        Iterator<Object> items = Values.iterator(value, state);
        while (items.hasNext()) {
            state.steps(1);
            Object item = items.next();
            Object key = path.key(state, item, arguments[0]);
            if (best == null || Comparison.order(key, bestKey, sign > 0 ? ">" : "<", state) * sign > 0) {
                best = item;
                bestKey = key;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.") : best;
    }

    private static Object sum(RenderState state, Object value, Object[] arguments) {
        AttributePath path = AttributePath.of(arguments[0]);
        Object sum = Filters.orElse(arguments[1], 0L);
        if (Values.isText(sum)) {
            throw TemplateException.type("sum() can't sum strings [use ''.join(seq) instead]");
        }
        Iterator<Object> items = Values.iterator(value, state);
        while (items.hasNext()) {
            state.steps(1);
            sum = Operators.add(state, sum, path.of(state, items.next()));
        }
        return sum;
    }

    private static boolean fills(Object fill) {
        return fill != null && fill != None.NONE;
    }

    private static Object batch(RenderState state, Object value, Object[] arguments) {
        int size = Values.requireSize(arguments[0]);
        List<Object> batches = new ArrayList<>();
        List<Object> current = new ArrayList<>();
        for (Object item : Values.items(value, state)) {
            state.elements(2);
            if (current.size() == size) {
                batches.add(current);
                current = new ArrayList<>();
            }
            current.add(item);
        }
        if (!current.isEmpty()) {
            int missing = fills(arguments[1]) ? Math.max(0, size - current.size()) : 0;
            state.elements(missing);
            current.addAll(Collections.nCopies(missing, arguments[1]));
            batches.add(current);
        }
        return new Generator(batches.iterator());
    }

    private static Object slice(RenderState state, Object value, Object[] arguments) {
        List<Object> items = Values.items(value, state);
        int slices = Values.requireSize(arguments[0]);
        if (slices == 0) {
            throw TemplateException.type("integer division or modulo by zero");
        }
        state.elements(items.size() + 4L * Math.max(0, slices));
        int size = Math.floorDiv(items.size(), slices);
        int extra = Math.floorMod(items.size(), slices);
        List<Object> columns = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < slices; i++) {
            int end = start + size + (i < extra ? 1 : 0);
            List<Object> column = new ArrayList<>(items.subList(start, end));
            if (fills(arguments[1]) && i >= extra) {
                column.add(arguments[1]);
            }
            columns.add(column);
            start = end;
        }
        return new Generator(columns.iterator());
    }

    private static Object groupBy(RenderState state, Object value, Object[] arguments) {
        AttributePath path = AttributePath.orElse(arguments[0], arguments[1]);
        List<Object> keyed = new ArrayList<>();
        for (Object item : Values.items(value, state)) {
            keyed.add(new Tuple(path.key(state, item, arguments[2]), item));
        }
        List<Object> groups = new ArrayList<>();
        Object key = null;
        List<Object> group = null;
        for (Object pair : sorted(state, keyed, byFirst(state), false)) {
            Object item = ((Tuple) pair).get(1);
            if (group == null || !Comparison.equal(key, ((Tuple) pair).get(0), state)) {
                key = ((Tuple) pair).get(0);
                group = new ArrayList<>();
                groups.add(Tuple.named(List.of("grouper", "list"), path.of(state, item), group));
            }
            state.elements(1);
            group.add(item);
        }
        return groups;
    }
}
