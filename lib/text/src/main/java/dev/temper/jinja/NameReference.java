package dev.temper.jinja;

/** Reads a variable: the innermost scope that has set it, then the context, then the globals. */
final class NameReference implements Expression {
    private final Scope scope;
    private final String name;
    private int[] places;
    private int contextSlot;
    private boolean asksContext;

    NameReference(Scope scope, String name) {
        this.scope = scope;
        this.name = name;
        scope.note(name);
    }

    String name() {
        return name;
    }

    /** Called when the template is complete: a scope may get the name after it is read there. */
    void resolve(int slotInContext) {
        places = scope.places(name);
        contextSlot = slotInContext;
        asksContext = scope.asksContext(name);
    }

    @Override
    public Object evaluate(Frame frame) {
        int[] at = places;
        for (int i = 0; i < at.length; i += 2) {
            Frame owner = frame;
            for (int up = at[i]; up > 0; up--) {
                owner = owner.parent;
            }
            Object value = owner.slots[at[i + 1]];
            if (value != null) {
                return value;
            }
        }
        return asksContext ? frame.state.variable(contextSlot, name) : new Undefined("'" + name + "' is undefined");
    }
}
