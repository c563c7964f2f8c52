package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Jinja2's grammar of expressions, by recursive descent: the operators, from weak to strong. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    private final TokenStream tokens;
    private final Bindings bindings;
    private final OperandParser operands;

    ExpressionParser(TokenStream tokens, Bindings bindings) {
        this.tokens = tokens;
        this.bindings = bindings;
        this.operands = new OperandParser(tokens, bindings, this);
    }

    OperandParser operands() {
        return operands;
    }

    /** One expression, or several with commas, which make a tuple. */
    Expression tuple() {
        return tuple(this::expression, false, null);
    }

    /** As {@link #tuple}, but an {@code if} after it is not part of it. */
    Expression tupleWithoutCondition() {
        return tuple(this::or, false, null);
    }

    /** What a loop walks through: neither an {@code if} nor {@code recursive} belongs to it. */
    Expression iterated() {
        return tuple(this::or, false, "recursive");
    }

    /** As {@link #tuple}, or nothing, which is the empty tuple. */
    Expression tupleInParentheses() {
        return tuple(this::expression, true, null);
    }

    private Expression tuple(Supplier<Expression> item, boolean isInParentheses, String end) {
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
            }
            if (isTupleEnd() || (end != null && tokens.atName(end))) {
                break;
            }
            items.add(item.get());
            if (!tokens.atOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && !items.isEmpty()) {
            return items.get(0);
        }
        if (!isTuple && !isInParentheses) {
            throw tokens.fail("expected an expression, got '" + tokens.current().describe() + "'");
        }
        return Expressions.tuple(items);
    }

    private boolean isTupleEnd() {
        return tokens.at(Kind.EXPRESSION_END) || tokens.at(Kind.BLOCK_END) || tokens.atOperator(")");
    }

    Expression expression() {
        tokens.enter();
        int known = bindings.numUnknown();
        Expression result = or();
        while (tokens.skipName("if")) {
            tokens.operator();
            Expression condition = or();
            Expression otherwise = tokens.skipName("else") ? expression() : null;
            result = Expressions.conditional(condition, result, otherwise);
            bindings.soften(known);
        }
        tokens.leave();
        return result;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            tokens.operator();
            left = Expressions.or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            tokens.operator();
            left = Expressions.and(left, not());
        }
        return left;
    }

    private Expression not() {
        if (!tokens.skipName("not")) {
            return comparison();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return Expressions.not(operand);
    }

    private Expression comparison() {
        int position = tokens.current().position();
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> rest = new ArrayList<>();
        for (String operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            tokens.operator();
            operators.add(operator);
            rest.add(sum());
        }
        return rest.isEmpty() ? first : Expressions.comparison(first, operators, rest, position);
    }

    private String comparisonOperator() {
        Token token = tokens.current();
        if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.value())) {
            return tokens.advance().value();
        }
        if (tokens.skipName("in")) {
            return "in";
        }
        if (tokens.atName("not") && tokens.look().is(Kind.NAME, "in")) {
            tokens.advance();
            tokens.advance();
            return "not in";
        }
        return null;
    }

    private Expression sum() {
        Expression left = concatenation();
        while (tokens.atOperator("+") || tokens.atOperator("-")) {
            int position = tokens.current().position();
            if (tokens.skipOperator("-")) {
                tokens.operator();
                left = Expressions.binary("-", position, left, concatenation());
                continue;
            }
            List<Expression> terms = new ArrayList<>(List.of(left));
            while (tokens.skipOperator("+")) {
                tokens.operator();
                terms.add(concatenation());
            }
            left = Expressions.sum(terms, position);
        }
        return left;
    }

    private Expression concatenation() {
        Expression first = product();
        if (!tokens.atOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            tokens.operator();
            parts.add(product());
        }
        return Expressions.concatenation(parts);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.at(Kind.OPERATOR) && PRODUCTS.contains(tokens.current().value())) {
            tokens.operator();
            Token operator = tokens.advance();
            left = Expressions.binary(operator.value(), operator.position(), left, power());
        }
        return left;
    }

    /** From left to right, unlike in Python: so does Jinja2. */
    private Expression power() {
        Expression left = unary(true);
        while (tokens.atOperator("**")) {
            tokens.operator();
            int position = tokens.advance().position();
            left = Expressions.binary("**", position, left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean takesFilters) {
        int position = tokens.current().position();
        Expression result;
        if (tokens.atOperator("-") || tokens.atOperator("+")) {
            boolean isNegative = tokens.advance().value().equals("-");
            tokens.enter();
            Expression operand = unary(false);
            tokens.leave();
            result = isNegative ? Expressions.negate(operand, position) : Expressions.plus(operand, position);
        } else {
            result = operands.primary();
        }
        result = operands.postfix(result);
        return takesFilters ? operands.filters(result) : result;
    }
}
