package dev.temper.jinja;

/** What stands behind {@code |}. */
interface Filter {
    Object apply(RenderState state, Object value, Arguments arguments);

    /** A filter with fixed parameters. */
    interface Body {
        /** Arguments as {@link Signature#bind} gives them. */
        Object apply(RenderState state, Object value, Object[] arguments);
    }

    static Filter of(String name, String parameters, Body body) {
        Signature signature = Signature.of(parameters);
        return (state, value, arguments) -> body.apply(state, value, signature.bind(name, arguments));
    }
}
