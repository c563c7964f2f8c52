package dev.temper.jinja;

import java.util.List;

/** What an assignment or a loop writes to. */
interface Target {
    void assign(Frame frame, Object value);

    static Target slot(int slot) {
        return (frame, value) -> frame.slots[slot] = value;
    }

    /** Several targets, one item each. */
    static Target unpack(List<Target> targets) {
        return (frame, value) -> {
            List<Object> items = Values.items(value, frame.state);
            if (items.size() != targets.size()) {
                throw TemplateException.type(
                        items.size() > targets.size()
                                ? "too many values to unpack (expected %d, got %d)"
                                : "not enough values to unpack (expected %d, got %d)",
                        targets.size(),
                        items.size());
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(frame, items.get(i));
            }
        };
    }

    static Target attribute(NameReference owner, String name) {
        return (frame, value) -> {
            if (!(owner.evaluate(frame) instanceof Namespace namespace)) {
                throw TemplateException.type("cannot assign attribute on non-namespace object");
            }
            frame.state.steps(1);
            namespace.attributes().put(name, value);
        };
    }
}
