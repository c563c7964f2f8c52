package dev.temper.jinja;

import java.util.ArrayList;
import java.util.List;

/** The parameters of a macro or call block. */
record MacroSignature(List<String> parameters, List<Expression> defaults) {
    static final MacroSignature EMPTY = new MacroSignature(List.of(), List.of());

    static MacroSignature parse(TokenStream tokens, Scope scope, ExpressionParser expressions) {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        tokens.expectOperator("(");
        while (!tokens.atOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            Token token = tokens.current();
            String name = tokens.name();
            if (parameters.contains(name)) {
                throw tokens.fail(token, "duplicate parameter '" + name + "'");
            }
            parameters.add(name);
            scope.declare(name);
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.fail(token, "non-default argument follows default argument");
            }
        }
        tokens.expectOperator(")");
        return new MacroSignature(parameters, defaults);
    }

    Macro.Definition definition(String name, Scope scope, Statement body) {
        int[] slots = parameters.stream().mapToInt(scope::declare).toArray();
        int[] special = new int[3];
        List<String> names = List.of("caller", "varargs", "kwargs");
        for (int i = 0; i < special.length; i++) {
            boolean isUsed = scope.reads(names.get(i)) && !parameters.contains(names.get(i));
            special[i] = isUsed ? scope.declare(names.get(i)) : -1;
        }
        return new Macro.Definition(name, parameters, slots, defaults, special, scope, body);
    }
}
