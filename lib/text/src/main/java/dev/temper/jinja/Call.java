package dev.temper.jinja;

/** {@code callee(arguments)}. */
record Call(Expression callee, CallArguments arguments, int position, Expression code) implements Expression {
    Call(Expression callee, CallArguments arguments, int position) {
        this(callee, arguments, position, Expressions.call(callee, arguments, position));
    }

    @Override
    public Object evaluate(Frame frame) {
        return code.evaluate(frame);
    }
}
