package dev.temper.jinja;

/** Variables of one call: of the template, a macro, a call block or a recursive loop. */
final class Frame {
    final Object[] slots;
    final Frame parent;
    final RenderState state;

    Frame(int size, Frame parent, RenderState state) {
        this.slots = new Object[size];
        this.parent = parent;
        this.state = state;
    }
}
