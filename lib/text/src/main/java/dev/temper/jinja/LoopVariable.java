package dev.temper.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The {@code loop} variable. It reads ahead only when an attribute needs it, as the items may depend on the body. */
final class LoopVariable implements Callable {
    private final RenderState state;
    private final Callable recursion;
    private final int depth0;
    private Iterator<Object> items;
    private int length;
    private int index0 = -1;
    private Object before;
    private Object current;
    private Object after;
    private Object changed;

    /**
     * @param length number of items, negative if unknown
     * @param recursion runs the loop on other items; null if it is not recursive
     */
    LoopVariable(RenderState state, Iterator<Object> items, int length, Callable recursion, int depth0) {
        this.state = state;
        this.items = items;
        this.length = length;
        this.recursion = recursion;
        this.depth0 = depth0;
    }

    boolean hasNext() {
        return after != null || items.hasNext();
    }

    Object next() {
        before = current;
        current = peek();
        after = null;
        index0++;
        return current;
    }

    private Object peek() {
        if (after == null && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    long length() {
        if (length < 0) {
            List<Object> rest = new ArrayList<>();
            items.forEachRemaining(item -> {
                state.elements(1);
                rest.add(item);
            });
            items = rest.iterator();
            length = rest.size() + index0 + 1 + (after == null ? 0 : 1);
        }
        return length;
    }

    int depth() {
        return depth0 + 1;
    }

    /** Null when there is none of this name. */
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index0 + 1L;
            case "index0" -> (long) index0;
            case "first" -> index0 == 0;
            case "last" -> peek() == null;
            case "length" -> length();
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index0 - 1;
            case "depth" -> depth0 + 1L;
            case "depth0" -> (long) depth0;
            case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : before;
            case "nextitem" -> peek() == null ? new Undefined("there is no next item") : after;
            case "cycle" -> (Callable) (any, arguments) -> cycle(arguments);
            case "changed" -> (Callable) (any, arguments) -> hasChanged(new Tuple(arguments.positional()));
            default -> null;
        };
    }

    private Object cycle(Arguments arguments) {
        int count = arguments.positional().length;
        if (count == 0) {
            throw TemplateException.type("no items for cycling given");
        }
        return arguments.positional()[index0 % count];
    }

    private boolean hasChanged(Tuple value) {
        boolean isSame = changed != null && Comparison.equal(changed, value, state);
        changed = value;
        return !isSame;
    }

    @Override
    public Object call(RenderState any, Arguments arguments) {
        if (recursion == null) {
            throw TemplateException.type("the loop must have the 'recursive' marker to be called recursively");
        }
        return recursion.call(state, arguments);
    }

    @Override
    public String toString() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
