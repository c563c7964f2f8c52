package dev.temper.jinja;

/** What stands behind {@code is}. */
interface Predicate {
    boolean test(RenderState state, Object value, Arguments arguments);
}
