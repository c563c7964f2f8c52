package dev.temper.jinja;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** {@code {% for %}}. */
final class ForLoop implements Statement {
    private static final Signature RECURSION = Signature.of("/iterable");

    /**
     * The parts of the tag.
     *
     * @param condition null if there is none
     * @param otherwise the {@code else} block, which runs when no item reached the end of the body; null if absent
     */
    record Parts(
            Expression source,
            Target target,
            Expression condition,
            Statement body,
            Statement otherwise,
            boolean isRecursive) {}

    private final Parts parts;
    private final Scope scope;
    private final int loopSlot;
    private final int firstSlot;
    private final int lastSlot;

    /**
     * @param scope of the body; a frame of its own when the loop is recursive
     * @param loopSlot where the body looks for {@code loop}, negative when it does not
     */
    ForLoop(Parts parts, Scope scope, int loopSlot) {
        this.parts = parts;
        this.scope = scope;
        this.loopSlot = loopSlot;
        this.firstSlot = scope.firstSlot();
        this.lastSlot = scope.frameSize();
    }

    @Override
    public Flow execute(Frame frame, StringBuilder out) {
        return run(frame, parts.source().evaluate(frame), out, 0);
    }

    private Flow run(Frame outer, Object source, StringBuilder out, int depth0) {
        RenderState state = outer.state;
        Frame frame = parts.isRecursive() ? new Frame(scope.frameSize(), outer, state) : outer;
        Arrays.fill(frame.slots, firstSlot, lastSlot, null);
        Iterator<Object> all = Values.iterator(source, state);
        Iterator<Object> items = parts.condition() == null ? all : new Selection(frame, all);
        int length = parts.condition() == null && source instanceof List<?> list ? list.size() : -1;
        boolean completed = loopSlot < 0
                ? runPlain(frame, items, out)
                : runWithVariable(frame, new LoopVariable(state, items, length, recursion(outer, depth0), depth0), out);
        return completed || parts.otherwise() == null
                ? Flow.NEXT
                : parts.otherwise().execute(outer, out);
    }

    /** Returns whether the body came to its end at least once. */
    private boolean runPlain(Frame frame, Iterator<Object> items, StringBuilder out) {
        boolean completed = false;
        while (items.hasNext()) {
            Flow flow = iterate(frame, items.next(), null, out);
            completed |= flow == Flow.NEXT;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return completed;
    }

    private boolean runWithVariable(Frame frame, LoopVariable loop, StringBuilder out) {
        boolean completed = false;
        while (loop.hasNext()) {
            Flow flow = iterate(frame, loop.next(), loop, out);
            completed |= flow == Flow.NEXT;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return completed;
    }

    private Flow iterate(Frame frame, Object item, LoopVariable loop, StringBuilder out) {
        frame.state.steps(1);
        Arrays.fill(frame.slots, firstSlot, lastSlot, null);
        if (loop != null) {
            frame.slots[loopSlot] = loop;
        }
        parts.target().assign(frame, item);
        return parts.body().execute(frame, out);
    }

    private Callable recursion(Frame outer, int depth0) {
        if (!parts.isRecursive()) {
            return null;
        }
        return (state, arguments) -> {
            StringBuilder out = new StringBuilder();
            state.enter();
            run(outer, RECURSION.bind("loop", arguments)[0], out, depth0 + 1);
            state.leave();
            return out.toString();
        };
    }

    /** The items for which the condition holds, found one by one. */
    private final class Selection implements Iterator<Object> {
        private final Frame frame;
        private final Iterator<Object> all;
        private Object next;

        Selection(Frame frame, Iterator<Object> all) {
            // Looking ahead must not overwrite the variable that the body uses.
            this.frame = new Frame(frame.slots.length, frame.parent, frame.state);
            System.arraycopy(frame.slots, 0, this.frame.slots, 0, frame.slots.length);
            Arrays.fill(this.frame.slots, firstSlot, lastSlot, null);
            this.all = all;
        }

        @Override
        public boolean hasNext() {
            while (next == null && all.hasNext()) {
                frame.state.steps(1);
                Object candidate = all.next();
                parts.target().assign(frame, candidate);
                next = Values.isTrue(parts.condition().evaluate(frame)) ? candidate : null;
            }
            return next != null;
        }

        @Override
        public Object next() {
            Object item = next;
            next = null;
            return item;
        }
    }
}
