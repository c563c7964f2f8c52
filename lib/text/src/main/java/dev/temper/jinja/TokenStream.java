package dev.temper.jinja;

import dev.temper.jinja.Token.Kind;
import java.util.List;

/** The parser's place in a template; counts how deep it goes. */
final class TokenStream {
    private static final int MAX_OPERATORS = 2000;

    private final Source source;
    private final List<Token> tokens;
    private final int maxDepth;
    private int next = 0;
    private int depth = 0;
    private int operators = 0;
    private int height = 1;

    TokenStream(Source source, int maxDepth) {
        this.source = source;
        this.tokens = Lexer.tokens(source);
        this.maxDepth = maxDepth;
    }

    Token current() {
        return tokens.get(next);
    }

    Token look() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    Token advance() {
        Token token = current();
        if (next < tokens.size() - 1) {
            next++;
        }
        if (token.kind() == Kind.BLOCK_BEGIN || token.kind() == Kind.EXPRESSION_BEGIN) {
            operators = 0;
        }
        return token;
    }

    /** Tokens so far: what a tag costs each time it runs depends on its length. */
    int index() {
        return next;
    }

    boolean at(Kind kind) {
        return current().kind() == kind;
    }

    boolean atOperator(String operator) {
        return current().is(Kind.OPERATOR, operator);
    }

    boolean atName(String name) {
        return current().is(Kind.NAME, name);
    }

    /** Whether this name is the last token of the current tag. */
    boolean tagEndsIn(String name) {
        int end = next;
        while (tokens.get(end).kind() != Kind.BLOCK_END && tokens.get(end).kind() != Kind.END) {
            end++;
        }
        return tokens.get(Math.max(0, end - 1)).is(Kind.NAME, name);
    }

    boolean skipOperator(String operator) {
        return atOperator(operator) && advance() != null;
    }

    boolean skipName(String name) {
        return atName(name) && advance() != null;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw expected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw expected("'" + name + "'");
        }
    }

    String name() {
        if (!at(Kind.NAME)) {
            throw expected("a name");
        }
        return advance().value();
    }

    void expect(Kind kind) {
        if (!at(kind)) {
            throw expected(new Token(kind, "", 0).describe());
        }
        advance();
    }

    private TemplateException expected(String what) {
        return fail("expected " + what + ", got '" + current().describe() + "'");
    }

    TemplateException fail(String reason) {
        return source.syntaxError(current().position(), reason);
    }

    TemplateException fail(Token token, String reason) {
        return source.syntaxError(token.position(), reason);
    }

    /** Goes one tag or bracket deeper. */
    void enter() {
        if (++depth > maxDepth) {
            throw tooDeep(maxDepth + " tags or brackets inside each other");
        }
        height = Math.max(height, 3 * depth + operators);
    }

    void leave() {
        depth--;
    }

    /** Counts an operator of the current tag. */
    void operator() {
        if (++operators > MAX_OPERATORS) {
            throw tooDeep(MAX_OPERATORS + " operators in one tag");
        }
        height = Math.max(height, 3 * depth + operators);
    }

    private TemplateException tooDeep(String what) {
        return source.located(TemplateException.limit(what), current().position());
    }

    int height() {
        return height;
    }
}
