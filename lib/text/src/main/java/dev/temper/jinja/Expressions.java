package dev.temper.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Creates the nodes of expressions; constant expressions are evaluated at once. */
final class Expressions {
    private static final Limits FOLDING = new Limits(1000, 20, 10_000);
    private static final RenderState.Shape FLAT = new RenderState.Shape(0, 0, 1);

    private Expressions() {}

    /** The expression; its value if all inputs are constant and the evaluation succeeds. */
    private static Expression fold(Expression expression, List<Expression> inputs) {
        if (!inputs.stream().allMatch(Expression.Constant.class::isInstance)) {
            return expression;
        }
        try {
            RenderState state = new RenderState(Map.of(), FOLDING, null, FLAT);
            return new Expression.Constant(expression.evaluate(new Frame(0, null, state)));
        } catch (TemplateException e) {
            return expression; // if it fails, it fails when rendered
        }
    }

    static Expression binary(String operator, int position, Expression left, Expression right) {
        Operators.Binary operation = Operators.named(operator);
        return fold(
                frame -> {
                    Object a = left.evaluate(frame);
                    Object b = right.evaluate(frame);
                    frame.state.at(position);
                    return operation.apply(frame.state, a, b);
                },
                List.of(left, right));
    }

    static Expression sum(List<Expression> terms, int position) {
        return fold(new Sum(terms.toArray(new Expression[0]), position), terms);
    }

    static Expression negate(Expression operand, int position) {
        return fold(
                frame -> {
                    Object value = operand.evaluate(frame);
                    frame.state.at(position);
                    return Operators.negate(value);
                },
                List.of(operand));
    }

    static Expression plus(Expression operand, int position) {
        return fold(
                frame -> {
                    Object value = operand.evaluate(frame);
                    frame.state.at(position);
                    return Operators.plus(value);
                },
                List.of(operand));
    }

    static Expression not(Expression operand) {
        return fold(frame -> !Values.isTrue(operand.evaluate(frame)), List.of(operand));
    }

    static Expression and(Expression left, Expression right) {
        return frame -> {
            Object value = left.evaluate(frame);
            return Values.isTrue(value) ? right.evaluate(frame) : value;
        };
    }

    static Expression or(Expression left, Expression right) {
        return frame -> {
            Object value = left.evaluate(frame);
            return Values.isTrue(value) ? value : right.evaluate(frame);
        };
    }

    static Expression conditional(Expression condition, Expression then, Expression otherwise) {
        Expression other = otherwise != null
                ? otherwise
                : new Expression.Constant(
                        new Undefined("the inline if-expression evaluated to false and no else section was defined."));
        return frame -> Values.isTrue(condition.evaluate(frame)) ? then.evaluate(frame) : other.evaluate(frame);
    }

    /** {@code a < b < c}: each operand is evaluated once, and none after the first that fails. */
    static Expression comparison(Expression first, List<String> operators, List<Expression> rest, int position) {
        if (rest.size() == 1) {
            return binary(operators.get(0), position, first, rest.get(0));
        }
        List<Operators.Binary> operations =
                operators.stream().map(Operators::named).toList();
        return frame -> {
            Object left = first.evaluate(frame);
            for (int i = 0; i < operations.size(); i++) {
                Object right = rest.get(i).evaluate(frame);
                frame.state.at(position);
                if (!Values.isTrue(operations.get(i).apply(frame.state, left, right))) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    static Expression concatenation(List<Expression> parts) {
        Expression[] all = parts.toArray(new Expression[0]);
        return fold(
                frame -> {
                    StringBuilder joined = new StringBuilder();
                    for (Expression part : all) {
                        frame.state.append(joined, Values.text(part.evaluate(frame), frame.state));
                    }
                    return joined.toString();
                },
                parts);
    }

    static Expression list(List<Expression> items) {
        return fold(frame -> evaluateAll(items, frame), items);
    }

    static Expression tuple(List<Expression> items) {
        return fold(frame -> new Tuple(evaluateAll(items, frame)), items);
    }

    private static List<Object> evaluateAll(List<Expression> items, Frame frame) {
        List<Object> values = new ArrayList<>(items.size());
        for (Expression item : items) {
            values.add(item.evaluate(frame));
        }
        return values;
    }

    static Expression dict(List<Expression> keys, List<Expression> values) {
        List<Expression> inputs = new ArrayList<>(keys);
        inputs.addAll(values);
        return fold(
                frame -> {
                    Map<Object, Object> map = new LinkedHashMap<>();
                    for (int i = 0; i < keys.size(); i++) {
                        Object key = keys.get(i).evaluate(frame);
                        Keys.put(map, key, values.get(i).evaluate(frame), frame.state);
                    }
                    return map;
                },
                inputs);
    }

    static Expression item(Expression owner, Expression key, int position) {
        if (key instanceof Expression.Constant constant && constant.value() instanceof String name) {
            return frame -> {
                Object value = owner.evaluate(frame);
                Object item = value instanceof Map<?, ?> map ? map.get(name) : null;
                if (item != null) {
                    return item;
                }
                frame.state.at(position);
                return Access.item(frame.state, value, name);
            };
        }
        return frame -> {
            Object value = owner.evaluate(frame);
            Object index = key.evaluate(frame);
            frame.state.at(position);
            return Access.item(frame.state, value, index);
        };
    }

    static Expression slice(Expression owner, List<Expression> bounds, int position) {
        return frame -> {
            Object value = owner.evaluate(frame);
            Object[] range = evaluateAll(bounds, frame).toArray();
            frame.state.at(position);
            return Access.slice(frame.state, value, range);
        };
    }

    static Expression call(Expression callee, CallArguments arguments, int position) {
        if (callee instanceof AttributeReference attribute) {
            return attribute.call(arguments, position);
        }
        return frame -> {
            Object function = callee.evaluate(frame);
            Arguments values = arguments.evaluate(frame);
            frame.state.steps(1);
            frame.state.at(position);
            return Callable.call(frame.state, function, values);
        };
    }

    static Expression filter(Filter filter, Expression operand, CallArguments arguments, int position) {
        return frame -> {
            Object value = operand.evaluate(frame);
            Arguments values = arguments.evaluate(frame);
            frame.state.steps(1);
            frame.state.at(position);
            return filter.apply(frame.state, value, values);
        };
    }

    static Expression test(Predicate test, Expression operand, CallArguments arguments, int position) {
        return frame -> {
            Object value = operand.evaluate(frame);
            Arguments values = arguments.evaluate(frame);
            frame.state.at(position);
            return test.test(frame.state, value, values);
        };
    }
}
