package dev.temper.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** The only value that a template can change: {@code {% set ns.x = 1 %}}. */
record Namespace(Map<String, Object> attributes) {
    Namespace() {
        this(new LinkedHashMap<>());
    }
}
