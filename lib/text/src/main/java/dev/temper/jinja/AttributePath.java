package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code attribute} argument of a filter: a path such as {@code a.b.0}; empty means the item itself. */
final class AttributePath {
    private final List<Object> parts = new ArrayList<>();
    private final Object absent;

    private AttributePath(Object attribute, Object absent) {
        this.absent = absent;
        if (Values.isText(attribute)) {
            for (Object part : Text.split(attribute.toString(), ".", -1)) {
                String name = (String) part;
                boolean isIndex = !name.isEmpty() && name.length() < 10 && Letters.all(name, Character::isDigit);
                parts.add(isIndex ? (Object) Long.parseLong(name) : name);
            }
        } else if (attribute != null && attribute != None.NONE) {
            parts.add(attribute);
        }
    }

    static AttributePath of(Object attribute) {
        return new AttributePath(attribute, null);
    }

    /** A path with a default for undefined values; null or None: no default. */
    static AttributePath orElse(Object attribute, Object absent) {
        return new AttributePath(attribute, absent == None.NONE ? null : absent);
    }

    /** Several paths, separated by commas. */
    static List<AttributePath> all(Object attributes) {
        return Values.isText(attributes)
                ? Text.split(attributes.toString(), ",", -1).stream()
                        .map(AttributePath::of)
                        .toList()
                : List.of(of(attributes));
    }

    Object of(RenderState state, Object item) {
        Object value = item;
        for (Object part : parts) {
            value = Access.item(state, value, part);
            value = absent != null && value instanceof Undefined ? absent : value;
        }
        return value;
    }

    /** The sort key of an item: strings in lower case unless the comparison is case-sensitive. */
    Object key(RenderState state, Object item, Object isCaseSensitive) {
        Object value = of(state, item);
        if (!Filters.isSet(isCaseSensitive) && Values.isText(value)) {
            state.scan(value.toString().length());
            return value.toString().toLowerCase(Locale.ROOT);
        }
        return value;
    }
}
