package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Resolves the names in a template while it is parsed: tracks the current scope, variables, and unknown filters. */
final class Bindings {
    private final List<NameReference> names = new ArrayList<>();
    private final List<Unknown> unknown = new ArrayList<>();
    private Scope scope;

    /** A filter or test that does not exist. */
    private record Unknown(TemplateException failure, Scope scope) {}

    Bindings(Scope scope) {
        this.scope = scope;
    }

    Scope scope() {
        return scope;
    }

    /** Enters a scope to which the following names belong. */
    void enter(Scope inner) {
        scope = inner;
    }

    /** All variables that are read. */
    List<NameReference> names() {
        return names;
    }

    NameReference reference(String name) {
        NameReference reference = new NameReference(scope, name);
        names.add(reference);
        return reference;
    }

    int numUnknown() {
        return unknown.size();
    }

    /**
     * Marks unknown filters and tests from an index on as guarded by a condition: as in Jinja2, they only fail when
     * used.
     */
    void soften(int from) {
        unknown.subList(from, unknown.size()).removeIf(entry -> entry.scope() == scope);
    }

    /** Throws for the first unknown filter or test that no condition guards. */
    void refuseUnknown() {
        if (!unknown.isEmpty()) {
            throw unknown.get(0).failure();
        }
    }

    /**
     * Creates the failure for an unknown filter or test, and records it until it is clear whether a condition guards
     * it.
     */
    TemplateException unknown(
            String what,
            String name,
            java.util.function.Function<String, TemplateException> failing,
            Set<String> known) {
        String reason = Filters.UNSUPPORTED.contains(name)
                ? "the " + what + " '" + name + "' is not supported"
                : "no " + what + " named '" + name + "', the nearest is '" + NearestName.of(name, known) + "'";
        TemplateException failure = failing.apply(reason);
        unknown.add(new Unknown(failure, scope));
        return failure;
    }
}
