package dev.temper.jinja;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The variables of a tag's body during compilation: a part of a {@link Frame}. */
final class Scope {
    /** The number of slots of a frame, shared by its scopes. */
    private static final class Layout {
        private int size = 0;
    }

    /** Names that exist only where they are used. */
    private static final Set<String> SPECIAL = Set.of("loop", "caller", "varargs", "kwargs");

    private final Scope parent;
    private final Layout layout;
    private final int firstSlot;
    private final Map<String, Integer> slots = new HashMap<>();
    private final Set<String> specials = new HashSet<>();
    /**
     * Names by their first occurrence in this scope: true if they are assigned unconditionally before they are read.
     */
    private final Map<String, Boolean> firstSet = new HashMap<>();

    private int conditions = 0;

    private Scope(Scope parent, Layout layout) {
        this.parent = parent;
        this.layout = layout;
        this.firstSlot = layout.size;
    }

    /** A scope with a frame of its own. */
    static Scope ofFrame(Scope parent) {
        return new Scope(parent, new Layout());
    }

    /** A scope in the frame of its parent. */
    Scope inner() {
        return new Scope(this, layout);
    }

    /** Until {@link #leaveCondition} it is not certain that an assignment runs. */
    void enterCondition() {
        conditions++;
    }

    void leaveCondition() {
        conditions--;
    }

    int declare(String name) {
        firstSet.putIfAbsent(name, conditions == 0);
        return slots.computeIfAbsent(name, any -> layout.size++);
    }

    int frameSize() {
        return layout.size;
    }

    int firstSlot() {
        return firstSlot;
    }

    /** Records that a name is read here. */
    void note(String name) {
        firstSet.putIfAbsent(name, false);
        if (SPECIAL.contains(name)) {
            for (Scope scope = this; scope != null; scope = scope.parent) {
                scope.specials.add(name);
            }
        }
    }

    /** Whether a special name is read here or further inside. */
    boolean reads(String special) {
        return specials.contains(special);
    }

    /**
     * Whether the context is searched for a name that has no value yet. As in Jinja2 it is not when the outermost scope
     * that knows the name assigns it: until then the variable is undefined, whatever the context contains.
     */
    boolean asksContext(String name) {
        boolean asks = true;
        for (Scope scope = this; scope != null; scope = scope.parent) {
            asks = scope.firstSet.containsKey(name) ? !scope.firstSet.get(name) : asks;
        }
        return asks;
    }

    /**
     * The places of a variable as seen from here, once the whole template is parsed: pairs of frames to leave and slot.
     */
    int[] places(String name) {
        int[] places = new int[0];
        int frames = 0;
        for (Scope scope = this; scope != null; scope = scope.parent) {
            Integer slot = scope.slots.get(name);
            if (slot != null) {
                places = java.util.Arrays.copyOf(places, places.length + 2);
                places[places.length - 2] = frames;
                places[places.length - 1] = slot;
            }
            frames += scope.parent != null && scope.parent.layout != scope.layout ? 1 : 0;
        }
        return places;
    }
}
