package dev.temper.jinja;

/** Python's {@code None}; Java's null is never a value of a template. */
enum None {
    NONE;

    @Override
    public String toString() {
        return "None";
    }
}
