package dev.temper.jinja;

import dev.temper.jinja.TemplateException.Kind;

/**
 * The value of what does not exist: prints as nothing, is false and empty, and refuses the rest.
 *
 * @param kind of the failure when it is used
 */
record Undefined(String message, Kind kind) {
    Undefined(String message) {
        this(message, Kind.UNDEFINED);
    }

    static Undefined attribute(Object owner, Object name) {
        String type = owner == None.NONE ? "None" : Values.typeName(owner) + " object";
        return new Undefined(
                name instanceof String
                        ? "'" + type + "' has no attribute '" + name + "'"
                        : type + " has no element " + Values.shortText(name));
    }

    static Undefined unsafe(Object owner, String name) {
        return new Undefined(
                "access to attribute '" + name + "' of '" + Values.typeName(owner) + "' object is unsafe.",
                Kind.SECURITY);
    }

    TemplateException failure() {
        return new TemplateException(kind, message);
    }

    /** All are one value, as a key too. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
        return Undefined.class.hashCode();
    }

    /** Lets anything else through. */
    static void refuse(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
    }
}
