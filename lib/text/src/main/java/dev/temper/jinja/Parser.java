package dev.temper.jinja;

import dev.temper.jinja.Statement.Flow;
import dev.temper.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Jinja2's grammar of tags; compiles as it reads. */
final class Parser {
    private static final Set<String> REFUSED =
            Set.of("include", "extends", "import", "from", "block", "autoescape", "do", "trans");

    private final TokenStream tokens;
    private final Bindings bindings;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    private final Scope root = Scope.ofFrame(null);
    private int loops = 0;
    private boolean hasGeneration = false;

    /** A compiled template. */
    record Code(Statement body, RenderState.Shape shape, boolean hasGeneration) {}

    private Parser(Source source, Limits limits) {
        this.tokens = new TokenStream(source, limits.depth());
        this.bindings = new Bindings(root);
        this.expressions = new ExpressionParser(tokens, bindings);
        this.targets = new TargetParser(tokens, bindings);
    }

    static Code parse(Source source, Limits limits) {
        return new Parser(source, limits).parse();
    }

    private Code parse() {
        Statement body = body();
        if (!tokens.at(Kind.END)) {
            throw tokens.fail("encountered unknown tag '" + tokens.current().describe() + "'");
        }
        bindings.refuseUnknown();
        java.util.Map<String, Integer> slots = new java.util.HashMap<>();
        for (NameReference name : bindings.names()) {
            name.resolve(slots.computeIfAbsent(name.name(), any -> slots.size()));
        }
        RenderState.Shape shape = new RenderState.Shape(root.frameSize(), slots.size(), tokens.height());
        return new Code(body, shape, hasGeneration);
    }

    /** Statements up to a tag with one of these names; its name is then the current token. */
    private Statement body(String... ends) {
        List<Statement> statements = new ArrayList<>();
        while (!tokens.at(Kind.END)) {
            int start = tokens.index();
            Token token = tokens.advance();
            if (token.kind() == Kind.DATA) {
                statements.add(Statements.text(token.value()));
            } else if (token.kind() == Kind.EXPRESSION_BEGIN) {
                Expression expression = expressions.tuple();
                tokens.expect(Kind.EXPRESSION_END);
                statements.add(Statements.output(expression, tokens.index() - start, token.position()));
            } else {
                if (tokens.at(Kind.NAME)
                        && Arrays.asList(ends).contains(tokens.current().value())) {
                    return Statement.sequence(Statements.joinTexts(statements));
                }
                statements.add(Statements.counted(tag(), tokens.index() - start, token.position()));
                tokens.expect(Kind.BLOCK_END);
            }
        }
        if (ends.length > 0) {
            throw tokens.fail("unexpected end of template, expected " + String.join(" or ", ends));
        }
        return Statement.sequence(Statements.joinTexts(statements));
    }

    /** The body of a tag, from the end of its opening to a tag with one of these names, which is the current token. */
    private Statement block(String... ends) {
        tokens.skipOperator(":");
        tokens.expect(Kind.BLOCK_END);
        tokens.enter();
        Statement body = body(ends);
        tokens.leave();
        return body;
    }

    /** A body whose assignments end with it. */
    private Statement scopedBlock(String end) {
        Scope outer = bindings.scope();
        Scope inner = outer.inner();
        bindings.enter(inner);
        Statement body = block(end);
        tokens.expectName(end);
        bindings.enter(outer);
        return Statements.scoped(body, inner);
    }

    private Statement tag() {
        Token token = tokens.current();
        String name = tokens.name();
        return switch (name) {
            case "if" -> conditional();
            case "for" -> loop();
            case "set" -> assignment();
            case "with" -> with();
            case "macro" -> macro();
            case "call" -> callBlock();
            case "filter" -> filterBlock();
            case "print" -> print();
            case "generation" -> generation();
            case "break" -> leaveLoop(token, Flow.BREAK);
            case "continue" -> leaveLoop(token, Flow.CONTINUE);
            default -> throw tokens.fail(
                    token,
                    REFUSED.contains(name)
                            ? "the tag '" + name + "' is not supported in chat templates"
                            : "encountered unknown tag '" + name + "'");
        };
    }

    private Statement leaveLoop(Token token, Flow flow) {
        if (loops == 0) {
            throw tokens.fail(token, "'" + token.value() + "' outside loop");
        }
        return (frame, out) -> flow;
    }

    private Statement conditional() {
        int known = bindings.numUnknown();
        bindings.scope().enterCondition();
        List<Expression> conditions = new ArrayList<>();
        List<Statement> bodies = new ArrayList<>();
        do {
            conditions.add(expressions.tupleWithoutCondition());
            bodies.add(block("elif", "else", "endif"));
        } while (tokens.skipName("elif"));
        Statement otherwise = null;
        if (tokens.skipName("else")) {
            otherwise = block("endif");
        }
        tokens.expectName("endif");
        bindings.scope().leaveCondition();
        bindings.soften(known);
        return Statements.conditional(conditions, bodies, otherwise);
    }

    private Statement loop() {
        Scope outer = bindings.scope();
        // The target belongs to the body, what is walked through does not.
        TargetParser.Names names = targets.names("in");
        tokens.expectName("in");
        Expression source = expressions.iterated();
        boolean isRecursive = tokens.tagEndsIn("recursive");
        Scope inner = isRecursive ? Scope.ofFrame(outer) : outer.inner();
        bindings.enter(inner);
        Target target = names.declare(inner);
        Expression condition = tokens.skipName("if") ? expressions.expression() : null;
        tokens.skipName("recursive");
        loops++;
        Statement body = block("endfor", "else");
        loops--;
        bindings.enter(outer);
        int loopSlot = inner.reads("loop") || isRecursive ? inner.declare("loop") : -1;
        Statement otherwise = tokens.skipName("else") ? scopedBlock("endfor") : null;
        if (otherwise == null) {
            tokens.expectName("endfor");
        }
        return new ForLoop(new ForLoop.Parts(source, target, condition, body, otherwise, isRecursive), inner, loopSlot);
    }

    private Statement assignment() {
        TargetParser.Assigned assigned = targets.assigned();
        if (tokens.skipOperator("=")) {
            Expression value = expressions.tuple();
            Target target = assigned.declare(bindings.scope());
            return (frame, out) -> {
                target.assign(frame, value.evaluate(frame));
                return Flow.NEXT;
            };
        }
        Target target = assigned.declare(bindings.scope());
        Statements.Captured captured = new Statements.Captured(bindings.scope().declare(" captured"));
        Expression filtered = expressions.operands().filterChain(captured);
        Statement body = scopedBlock("endset");
        return Statements.capture(body, captured, (frame, out) -> target.assign(frame, filtered.evaluate(frame)));
    }

    private Statement filterBlock() {
        Statements.Captured captured = new Statements.Captured(bindings.scope().declare(" captured"));
        Expression filtered =
                expressions.operands().filterChain(expressions.operands().filter(captured));
        Statement body = scopedBlock("endfilter");
        return Statements.capture(
                body, captured, (frame, out) -> frame.state.append(out, Values.requireText(filtered.evaluate(frame))));
    }

    private Statement with() {
        Scope outer = bindings.scope();
        Scope inner = outer.inner();
        List<Target> assigned = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.at(Kind.BLOCK_END)) {
            if (!assigned.isEmpty()) {
                tokens.expectOperator(",");
            }
            assigned.add(targets.names(null).declare(inner));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        bindings.enter(inner);
        Statement body = block("endwith");
        tokens.expectName("endwith");
        bindings.enter(outer);
        Statement all = (frame, out) -> {
            for (int i = 0; i < values.size(); i++) {
                assigned.get(i).assign(frame, values.get(i).evaluate(frame));
            }
            return body.execute(frame, out);
        };
        return Statements.scoped(all, inner);
    }

    private Statement macro() {
        String name = tokens.name();
        int slot = bindings.scope().declare(name);
        Macro.Definition definition = definition(name);
        return (frame, out) -> {
            frame.slots[slot] = new Macro(definition, frame);
            return Flow.NEXT;
        };
    }

    private Statement callBlock() {
        Scope outer = bindings.scope();
        int outerLoops = loops;
        Scope inner = Scope.ofFrame(outer);
        bindings.enter(inner);
        MacroSignature signature = tokens.atOperator("(")
                ? MacroSignature.parse(tokens, bindings.scope(), expressions)
                : MacroSignature.EMPTY;
        bindings.enter(outer);
        Token token = tokens.current();
        if (!(expressions.expression() instanceof Call call)) {
            throw tokens.fail(token, "expected a call");
        }
        bindings.enter(inner);
        loops = 0;
        Statement body = block("endcall");
        tokens.expectName("endcall");
        loops = outerLoops;
        bindings.enter(outer);
        Macro.Definition definition = signature.definition("caller", inner, body);
        return Statements.callBlock(call, definition);
    }

    private Macro.Definition definition(String name) {
        Scope outer = bindings.scope();
        int outerLoops = loops;
        Scope inner = Scope.ofFrame(outer);
        bindings.enter(inner);
        MacroSignature signature = MacroSignature.parse(tokens, bindings.scope(), expressions);
        loops = 0;
        Statement body = block("endmacro");
        tokens.expectName("endmacro");
        loops = outerLoops;
        bindings.enter(outer);
        return signature.definition(name, inner, body);
    }

    private Statement print() {
        List<Statement> outputs = new ArrayList<>();
        while (!tokens.at(Kind.BLOCK_END)) {
            if (!outputs.isEmpty()) {
                tokens.expectOperator(",");
            }
            int position = tokens.current().position();
            outputs.add(Statements.output(expressions.expression(), 1, position));
        }
        return Statement.sequence(outputs);
    }

    private Statement generation() {
        hasGeneration = true;
        int outerLoops = loops;
        loops = 0;
        Statement body = scopedBlock("endgeneration");
        loops = outerLoops;
        return Statements.generation(body);
    }
}
