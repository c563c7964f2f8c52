package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the names in a template mean, as far as it is read: the scope in force, variables, unknown filters. */
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

    /** Names that follow belong to this scope. */
    void enter(Scope inner) {
        scope = inner;
    }

    /** All variables that were read. */
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

    /** As in Jinja2, an unknown filter or test that a condition guards fails only when it is used. */
    void soften(int from) {
        unknown.subList(from, unknown.size()).removeIf(entry -> entry.scope() == scope);
    }

    /** Fails for the first filter or test that does not exist, unless a condition guards it. */
    void refuseUnknown() {
        if (!unknown.isEmpty()) {
            throw unknown.get(0).failure();
        }
    }

    /** The failure for a filter or test that does not exist, remembered until it is clear whether it is guarded. */
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
