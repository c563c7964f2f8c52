package dev.temper.jinja;

/** A compiled expression. */
interface Expression {
    Object evaluate(Frame frame);

    /** A value known when the template is parsed. */
    record Constant(Object value) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return value;
        }
    }
}
