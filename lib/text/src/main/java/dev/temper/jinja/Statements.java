package dev.temper.jinja;

import dev.temper.jinja.Statement.Flow;
import dev.temper.jinja.TemplateException.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds the nodes of tags. */
final class Statements {
    private static final int TOKENS_PER_STEP = 8;
    private static final RenderState.Shape FLAT = new RenderState.Shape(0, 0, 1);

    private Statements() {}

    /** Text that stands in the template. */
    private record Text(String text) implements Statement {
        @Override
        public Flow execute(Frame frame, StringBuilder out) {
            frame.state.append(out, text);
            return Flow.NEXT;
        }
    }

    static Statement text(String text) {
        return new Text(text);
    }

    /** Neighbouring texts as one. */
    static List<Statement> joinTexts(List<Statement> statements) {
        List<Statement> joined = new ArrayList<>();
        for (Statement statement : statements) {
            int last = joined.size() - 1;
            if (statement instanceof Text text && last >= 0 && joined.get(last) instanceof Text before) {
                joined.set(last, new Text(before.text() + text.text()));
            } else {
                joined.add(statement);
            }
        }
        return joined;
    }

    static Statement output(Expression expression, int numTokens, int position) {
        if (expression instanceof Expression.Constant constant && isScalar(constant.value())) {
            return new Text(Values.text(constant.value(), new RenderState(Map.of(), Limits.defaults(), null, FLAT)));
        }
        int steps = 1 + numTokens / TOKENS_PER_STEP;
        if (expression instanceof Sum sum) {
            return (frame, out) -> {
                frame.state.steps(steps);
                sum.write(frame, out);
                return Flow.NEXT;
            };
        }
        return (frame, out) -> {
            frame.state.steps(steps);
            frame.state.at(position);
            Object value = expression.evaluate(frame);
            frame.state.append(out, value instanceof String text ? text : Values.text(value, frame.state));
            return Flow.NEXT;
        };
    }

    private static boolean isScalar(Object value) {
        return value instanceof String || value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    /** A tag costs steps by its length, bodies apart, for they count their own. */
    static Statement counted(Statement statement, int numTokens, int position) {
        int steps = 1 + numTokens / TOKENS_PER_STEP;
        return (frame, out) -> {
            frame.state.steps(steps);
            frame.state.at(position);
            return statement.execute(frame, out);
        };
    }

    static Statement conditional(List<Expression> conditions, List<Statement> bodies, Statement otherwise) {
        Expression[] tests = conditions.toArray(new Expression[0]);
        Statement[] branches = bodies.toArray(new Statement[0]);
        return (frame, out) -> {
            for (int i = 0; i < tests.length; i++) {
                if (Values.isTrue(tests[i].evaluate(frame))) {
                    return branches[i].execute(frame, out);
                }
            }
            return otherwise == null ? Flow.NEXT : otherwise.execute(frame, out);
        };
    }

    /** Starts with all variables of the scope unset. */
    static Statement scoped(Statement body, Scope scope) {
        int first = scope.firstSlot();
        int last = scope.frameSize();
        return (frame, out) -> {
            Arrays.fill(frame.slots, first, last, null);
            return body.execute(frame, out);
        };
    }

    /** The text of a tag's body, as the input of its filters. */
    record Captured(int slot) implements Expression {
        @Override
        public Object evaluate(Frame frame) {
            return frame.slots[slot];
        }
    }

    /** Does something with what a body has written. */
    interface Use {
        void apply(Frame frame, StringBuilder out);
    }

    static Statement capture(Statement body, Captured captured, Use use) {
        return (frame, out) -> {
            StringBuilder text = new StringBuilder();
            Flow flow = body.execute(frame, text);
            if (flow == Flow.NEXT) {
                frame.slots[captured.slot()] = text.toString();
                use.apply(frame, out);
            }
            return flow;
        };
    }

    static Statement callBlock(Call call, Macro.Definition definition) {
        return (frame, out) -> {
            Object callee = call.callee().evaluate(frame);
            Arguments given = call.arguments().evaluate(frame);
            Map<String, Object> named = new LinkedHashMap<>(given.named());
            named.put("caller", new Macro(definition, frame));
            frame.state.at(call.position());
            Object result = Callable.call(frame.state, callee, new Arguments(given.positional(), named));
            frame.state.append(out, Values.requireText(result));
            return Flow.NEXT;
        };
    }

    static Statement generation(Statement body) {
        return (frame, out) -> {
            int start = out.length();
            body.execute(frame, out);
            if (frame.state.isTracked() && !frame.state.isText(out)) {
                throw new TemplateException(
                        Kind.TYPE,
                        "a generation block inside a macro, call, filter or set block has no known place in the text");
            }
            frame.state.span(start, out.length());
            return Flow.NEXT;
        };
    }
}
