package dev.temper.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** All filters by name, and those of single values. */
final class Filters {
    static final Map<String, Filter> TABLE = new HashMap<>();

    /** Of Jinja2's own, these are left out: random, for HTML pages, or for looking at Python objects. */
    static final Set<String> UNSUPPORTED = Set.of("random", "pprint", "urlize");

    static {
        TextFilters.addTo(TABLE);
        LayoutFilters.addTo(TABLE);
        MarkupFilters.addTo(TABLE);
        SequenceFilters.addTo(TABLE);
        SelectFilters.addTo(TABLE);
        put("default", "default_value? boolean?", Filters::orDefault);
        TABLE.put("d", TABLE.get("default"));
        put("attr", "name", Filters::attribute);
        put("int", "default? base?", NumberFilters::toInt);
        put("float", "default?", NumberFilters::toFloat);
        put("abs", "", (state, value, a) -> NumberFilters.abs(value));
        put("round", "precision? method?", NumberFilters::round);
        put("filesizeformat", "binary?", NumberFilters::fileSize);
        put("tojson", "ensure_ascii? indent? separators? sort_keys?", JsonText::filter);
    }

    private Filters() {}

    private static void put(String name, String parameters, Filter.Body body) {
        TABLE.put(name, Filter.of(name, parameters, body));
    }

    /** An argument that may be absent. */
    static Object orElse(Object argument, Object absent) {
        return argument == null ? absent : argument;
    }

    static boolean isSet(Object argument) {
        return argument != null && Values.isTrue(argument);
    }

    private static Object orDefault(RenderState state, Object value, Object[] arguments) {
        boolean isMissing = value instanceof Undefined || (isSet(arguments[1]) && !Values.isTrue(value));
        return isMissing ? orElse(arguments[0], "") : value;
    }

    private static Object attribute(RenderState state, Object value, Object[] arguments) {
        if (!Values.isText(arguments[0])) {
            throw TemplateException.type("attribute name must be string");
        }
        Object attribute = Access.own(state, value, arguments[0].toString());
        return attribute == null ? Undefined.attribute(value, arguments[0]) : attribute;
    }
}
