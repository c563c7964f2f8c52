package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What operators work on: names, literals and brackets, with what is attached to them, filters and tests included. */
final class OperandParser {
    private static final int MAX_DIGITS = 4300;

    private final TokenStream tokens;
    private final Bindings bindings;
    private final ExpressionParser expressions;

    OperandParser(TokenStream tokens, Bindings bindings, ExpressionParser expressions) {
        this.tokens = tokens;
        this.bindings = bindings;
        this.expressions = expressions;
    }

    Expression primary() {
        Token token = tokens.current();
        return switch (token.kind()) {
            case NAME -> name(tokens.advance());
            case STRING -> string();
            case INTEGER -> new Expression.Constant(integer(tokens.advance()));
            case FLOAT -> new Expression.Constant(
                    Double.parseDouble(tokens.advance().value()));
            default -> bracketed(token);
        };
    }

    private Expression name(Token token) {
        Object constant = constant(token.value());
        return constant == null ? bindings.reference(token.value()) : new Expression.Constant(constant);
    }

    private Expression string() {
        StringBuilder text = new StringBuilder();
        while (tokens.at(Kind.STRING)) {
            text.append(tokens.advance().value());
        }
        return new Expression.Constant(text.toString());
    }

    private static Object constant(String name) {
        return switch (name) {
            case "true", "True" -> true;
            case "false", "False" -> false;
            case "none", "None" -> None.NONE;
            default -> null;
        };
    }

    private Object integer(Token token) {
        String digits = token.value();
        if (digits.length() > MAX_DIGITS) {
            throw tokens.fail(token, "an integer of more than " + MAX_DIGITS + " digits");
        }
        int radix = digits.length() < 2
                ? 10
                : switch (digits.charAt(1)) {
                    case 'x', 'X' -> 16;
                    case 'o', 'O' -> 8;
                    case 'b', 'B' -> 2;
                    default -> 10;
                };
        return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
    }

    private Expression bracketed(Token token) {
        if (tokens.skipOperator("(")) {
            Expression inside = expressions.tupleInParentheses();
            tokens.expectOperator(")");
            return inside;
        }
        if (tokens.atOperator("[")) {
            return list();
        }
        if (tokens.atOperator("{")) {
            return dict();
        }
        throw tokens.fail("unexpected '" + token.describe() + "'");
    }

    private Expression list() {
        tokens.expectOperator("[");
        List<Expression> items = new ArrayList<>();
        while (!tokens.atOperator("]")) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
            }
            if (tokens.atOperator("]")) {
                break;
            }
            items.add(expressions.expression());
        }
        tokens.expectOperator("]");
        return Expressions.list(items);
    }

    private Expression dict() {
        tokens.expectOperator("{");
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.atOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
            }
            if (tokens.atOperator("}")) {
                break;
            }
            keys.add(expressions.expression());
            tokens.expectOperator(":");
            values.add(expressions.expression());
        }
        tokens.expectOperator("}");
        return Expressions.dict(keys, values);
    }

    Expression postfix(Expression start) {
        Expression result = start;
        while (true) {
            if (tokens.atOperator(".")) {
                result = attribute(result);
            } else if (tokens.atOperator("[")) {
                result = subscript(result);
            } else if (tokens.atOperator("(")) {
                result = call(result);
            } else {
                return result;
            }
            tokens.operator();
        }
    }

    private Expression call(Expression callee) {
        int position = tokens.current().position();
        return new Call(callee, arguments(), position);
    }

    private Expression attribute(Expression owner) {
        int position = tokens.advance().position();
        Token token = tokens.advance();
        if (token.kind() == Kind.NAME) {
            return new AttributeReference(owner, token.value(), position);
        }
        if (token.kind() != Kind.INTEGER) {
            throw tokens.fail(token, "expected a name or number, got '" + token.describe() + "'");
        }
        return Expressions.item(owner, new Expression.Constant(integer(token)), position);
    }

    private Expression subscript(Expression owner) {
        int position = tokens.advance().position();
        Expression start = tokens.atOperator(":") ? null : expressions.expression();
        if (start != null && !tokens.atOperator(":")) {
            List<Expression> keys = new ArrayList<>(List.of(start));
            while (tokens.skipOperator(",")) {
                keys.add(expressions.expression());
            }
            tokens.expectOperator("]");
            return Expressions.item(owner, keys.size() == 1 ? start : Expressions.tuple(keys), position);
        }
        List<Expression> bounds = new ArrayList<>();
        bounds.add(start == null ? new Expression.Constant(None.NONE) : start);
        tokens.expectOperator(":");
        bounds.add(bound());
        bounds.add(tokens.skipOperator(":") ? bound() : new Expression.Constant(None.NONE));
        tokens.expectOperator("]");
        return Expressions.slice(owner, bounds, position);
    }

    private Expression bound() {
        boolean isAbsent = tokens.atOperator(":") || tokens.atOperator("]");
        return isAbsent ? new Expression.Constant(None.NONE) : expressions.expression();
    }

    /** Arguments in parentheses. */
    CallArguments arguments() {
        Token open = tokens.current();
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression list = null;
        Expression map = null;
        while (!tokens.atOperator(")")) {
            boolean isValid;
            if (tokens.skipOperator("*")) {
                isValid = list == null && map == null;
                list = expressions.expression();
            } else if (tokens.skipOperator("**")) {
                isValid = map == null;
                map = expressions.expression();
            } else if (tokens.at(Kind.NAME) && tokens.look().is(Kind.OPERATOR, "=")) {
                String name = tokens.name();
                tokens.expectOperator("=");
                isValid = named.put(name, expressions.expression()) == null && map == null;
            } else {
                isValid = list == null && map == null && named.isEmpty();
                positional.add(expressions.expression());
            }
            if (!isValid) {
                throw tokens.fail(open, "invalid syntax for function call expression");
            }
            if (!tokens.atOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        tokens.expectOperator(")");
        return new CallArguments(positional, named, list, map);
    }

    /** Filters, tests and calls behind an expression. */
    Expression filters(Expression start) {
        Expression result = start;
        while (true) {
            if (tokens.skipOperator("|")) {
                result = filter(result);
            } else if (tokens.skipName("is")) {
                result = test(result);
            } else if (tokens.atOperator("(")) {
                result = call(result);
            } else {
                return result;
            }
            tokens.operator();
        }
    }

    /** Filters behind {@code |}, if any, on what the body of a tag gave. */
    Expression filterChain(Expression input) {
        Expression result = input;
        while (tokens.skipOperator("|")) {
            result = filter(result);
            tokens.operator();
        }
        return result;
    }

    /** One filter by name. */
    Expression filter(Expression operand) {
        Token token = tokens.current();
        String name = dottedName();
        CallArguments arguments = tokens.atOperator("(") ? arguments() : CallArguments.NONE;
        Filter filter = Filters.TABLE.get(name);
        if (filter == null) {
            TemplateException failure =
                    bindings.unknown("filter", name, reason -> tokens.fail(token, reason), Filters.TABLE.keySet());
            filter = (state, value, given) -> {
                throw failure;
            };
        }
        return Expressions.filter(filter, operand, arguments, token.position());
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.name());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.name());
        }
        return name.toString();
    }

    private Expression test(Expression operand) {
        boolean isNegated = tokens.skipName("not");
        Token token = tokens.current();
        String name = dottedName();
        CallArguments arguments = CallArguments.NONE;
        if (tokens.atOperator("(")) {
            arguments = arguments();
        } else if (startsArgument()) {
            if (tokens.atName("is")) {
                throw tokens.fail("tests cannot be chained with 'is'");
            }
            arguments = new CallArguments(List.of(postfix(primary())), Map.of(), null, null);
        }
        Predicate predicate = Predicates.TABLE.get(name);
        if (predicate == null) {
            TemplateException failure =
                    bindings.unknown("test", name, reason -> tokens.fail(token, reason), Predicates.TABLE.keySet());
            predicate = (state, value, given) -> {
                throw failure;
            };
        }
        Expression test = Expressions.test(predicate, operand, arguments, token.position());
        return isNegated ? Expressions.not(test) : test;
    }

    private boolean startsArgument() {
        return switch (tokens.current().kind()) {
            case NAME -> !tokens.atName("else") && !tokens.atName("or") && !tokens.atName("and");
            case STRING, INTEGER, FLOAT -> true;
            default -> tokens.atOperator("[") || tokens.atOperator("{");
        };
    }
}
