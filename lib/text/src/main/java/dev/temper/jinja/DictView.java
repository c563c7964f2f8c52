package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code dict.keys()}, {@code values()} and {@code items()} give. */
record DictView(Kind kind, Map<?, ?> map) {
    enum Kind {
        KEYS,
        VALUES,
        ITEMS
    }

    String type() {
        return "dict_" + kind.name().toLowerCase(java.util.Locale.ROOT);
    }

    List<Object> items() {
        return switch (kind) {
            case KEYS -> new ArrayList<>(map.keySet());
            case VALUES -> new ArrayList<>(map.values());
            case ITEMS -> pairs(map);
        };
    }

    static List<Object> pairs(Map<?, ?> map) {
        List<Object> pairs = new ArrayList<>(map.size());
        map.forEach((key, value) -> pairs.add(new Tuple(key, value)));
        return pairs;
    }
}
