package dev.temper.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** A method of a built-in type. */
record Method(String name, Signature signature, Body body) {
    /** What the method does; arguments as {@link Signature#bind} gives them. */
    interface Body {
        Object call(RenderState state, Object self, Object[] arguments);
    }

    private static final Set<String> LIST_MUTATIONS =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");
    private static final Set<String> DICT_MUTATIONS = Set.of("clear", "pop", "popitem", "setdefault", "update");

    Object call(RenderState state, Object self, Arguments arguments) {
        return body.call(state, self, signature == null ? new Object[] {arguments} : signature.bind(name, arguments));
    }

    Callable bind(Object self) {
        return (state, arguments) -> call(state, self, arguments);
    }

    /** The method of this name, or null. */
    static Method find(Object owner, String name) {
        if (Values.isText(owner)) {
            return StringMethods.TABLE.get(name);
        }
        if (owner instanceof Map) {
            return ContainerMethods.DICT.get(name);
        }
        if (owner instanceof List) {
            boolean isCopyOfOther = name.equals("copy") && !Values.isList(owner);
            return isCopyOfOther ? null : ContainerMethods.LIST.get(name);
        }
        return owner instanceof Double ? ContainerMethods.FLOAT.get(name) : null;
    }

    static boolean isMutation(Object owner, String name) {
        return owner instanceof Map
                ? DICT_MUTATIONS.contains(name)
                : Values.isList(owner) && LIST_MUTATIONS.contains(name);
    }
}
