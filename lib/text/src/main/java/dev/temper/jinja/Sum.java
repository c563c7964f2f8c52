package dev.temper.jinja;

/** {@code a + b + c}, from left to right. Strings, the usual case, are concatenated in one step. */
final class Sum implements Expression {
    private final Expression[] terms;
    private final int position;

    Sum(Expression[] terms, int position) {
        this.terms = terms;
        this.position = position;
    }

    @Override
    public Object evaluate(Frame frame) {
        Object first = terms[0].evaluate(frame);
        if (!(first instanceof String text)) {
            return add(frame, first, 1);
        }
        StringBuilder joined = new StringBuilder(64);
        frame.state.append(joined, text);
        Object rest = append(frame, joined, 0);
        return rest == null ? joined.toString() : rest;
    }

    /** Appends the sum to {@code out}, without an intermediate string if all terms are strings. */
    void write(Frame frame, StringBuilder out) {
        Object first = terms[0].evaluate(frame);
        Object sum;
        if (first instanceof String text) {
            int start = out.length();
            frame.state.append(out, text);
            sum = append(frame, out, start);
        } else {
            sum = add(frame, first, 1);
        }
        if (sum != null) {
            frame.state.append(out, Values.text(sum, frame.state));
        }
    }

    /** Appends all terms but the first; if one is not a string, undoes this and returns the sum instead. */
    private Object append(Frame frame, StringBuilder out, int start) {
        for (int i = 1; i < terms.length; i++) {
            Object term = terms[i].evaluate(frame);
            if (!(term instanceof String text)) {
                String before = out.substring(start);
                out.setLength(start);
                frame.state.at(position);
                return add(frame, Operators.add(frame.state, before, term), i + 1);
            }
            frame.state.append(out, text);
        }
        return null;
    }

    private Object add(Frame frame, Object start, int from) {
        Object sum = start;
        for (int i = from; i < terms.length; i++) {
            Object term = terms[i].evaluate(frame);
            frame.state.at(position);
            sum = Operators.add(frame.state, sum, term);
        }
        return sum;
    }
}
