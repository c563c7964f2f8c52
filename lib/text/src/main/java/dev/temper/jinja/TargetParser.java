package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** The left side of assignments and loops. */
final class TargetParser {
    private final TokenStream tokens;
    private final Bindings bindings;

    TargetParser(TokenStream tokens, Bindings bindings) {
        this.tokens = tokens;
        this.bindings = bindings;
    }

    /** A name, or a tuple of names and tuples. */
    record Names(String name, List<Names> parts) {
        Target declare(Scope scope) {
            return name != null
                    ? Target.slot(scope.declare(name))
                    : Target.unpack(
                            parts.stream().map(part -> part.declare(scope)).toList());
        }
    }

    /** Names up to the given one, or to whatever cannot be part of them. */
    Names names(String end) {
        List<Names> parts = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            boolean isEnd = tokens.atOperator(")")
                    || tokens.at(Kind.BLOCK_END)
                    || tokens.at(Kind.EXPRESSION_END)
                    || (end != null && tokens.atName(end));
            if (isEnd) {
                break;
            }
            parts.add(one());
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (parts.isEmpty()) {
            throw tokens.fail("expected a name, got '" + tokens.current().describe() + "'");
        }
        return isTuple ? new Names(null, parts) : parts.get(0);
    }

    private Names one() {
        if (tokens.skipOperator("(")) {
            tokens.enter();
            Names inside = names(null);
            tokens.leave();
            tokens.expectOperator(")");
            return inside;
        }
        Token token = tokens.current();
        String name = tokens.name();
        if (List.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw tokens.fail(token, "cannot assign to '" + name + "'");
        }
        return new Names(name, List.of());
    }

    /** What {@code set} writes to: also an attribute of a namespace. */
    Assigned assigned() {
        if (tokens.at(Kind.NAME) && tokens.look().is(Kind.OPERATOR, ".")) {
            NameReference owner = bindings.reference(tokens.name());
            tokens.expectOperator(".");
            Target attribute = Target.attribute(owner, tokens.name());
            return scope -> attribute;
        }
        return names(null)::declare;
    }

    /** A target whose names are declared once the value is read, for the value does not see them. */
    interface Assigned {
        Target declare(Scope scope);
    }
}
