package dev.temper.jinja;

/** Anything that a template can call. */
interface Callable {
    Object call(RenderState state, Arguments arguments);

    static Object call(RenderState state, Object callee, Arguments arguments) {
        if (callee instanceof Callable callable) {
            return callable.call(state, arguments);
        }
        Undefined.refuse(callee);
        throw TemplateException.type("'%s' object is not callable", Values.typeName(callee));
    }
}
