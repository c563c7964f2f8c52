package dev.temper.jinja;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The state of one rendering: its context, and the remaining {@link Limits}. */
final class RenderState {
    private static final int STRINGS_PER_TEXT = 16;
    private static final int CHARS_PER_STEP = 16;
    /** Maximum depth of our own Java frames, with room to spare on a thread of default stack size. */
    private static final int MAX_FRAMES = 4000;

    /**
     * Properties of a compiled template that its execution needs.
     *
     * @param frameSize number of slots of the outermost frame
     * @param names number of variables that may come from the context
     * @param height nesting depth of its nodes: deeper nodes leave room for fewer calls on the stack
     */
    record Shape(int frameSize, int names, int height) {}

    private final Map<String, ?> context;
    private final Limits limits;
    private final LocalDateTime now;
    private final List<Span> spans = new ArrayList<>();
    private StringBuilder tracked;
    private final Object[] variables;
    private final int maxCalls;
    private long stepsLeft;
    private long charsLeft;
    private int calls = 0;
    private int position = -1;

    /**
     * @param now null: the time of each call
     * @param shape of the compiled template
     */
    RenderState(Map<String, ?> context, Limits limits, LocalDateTime now, Shape shape) {
        this.context = context;
        this.variables = new Object[shape.names()];
        this.limits = limits;
        this.now = now;
        this.maxCalls = Math.max(1, Math.min(limits.depth(), MAX_FRAMES / shape.height()));
        this.stepsLeft = limits.steps();
        this.charsLeft = (long) limits.outputChars() * STRINGS_PER_TEXT;
    }

    /** The value from the context, otherwise the global function of that name. Converted once. */
    Object variable(int slot, String name) {
        Object known = variables[slot];
        if (known != null) {
            return known;
        }
        Object given = context.get(name);
        Object value;
        if (given != null || context.containsKey(name)) {
            value = ContextValues.convert(this, name, given);
        } else {
            Object global = Globals.find(name);
            value = global == null ? new Undefined("'" + name + "' is undefined") : global;
        }
        variables[slot] = value;
        return value;
    }

    LocalDateTime now() {
        return now == null ? LocalDateTime.now(ZoneId.systemDefault()) : now;
    }

    /** Records the position in the source, for messages. */
    void at(int position) {
        this.position = position;
    }

    int position() {
        return position;
    }

    void steps(long count) {
        stepsLeft -= count;
        if (stepsLeft < 0) {
            throw TemplateException.limit(limits.steps() + " steps");
        }
    }

    /** Counts the steps for reading a string of this length. */
    void scan(int length) {
        steps(1 + length / CHARS_PER_STEP);
    }

    /** Counts a string of this length; called before it is built. */
    void chars(long length) {
        if (length > limits.outputChars()) {
            throw TemplateException.limit("strings of " + limits.outputChars() + " characters");
        }
        charsLeft -= length;
        if (charsLeft < 0) {
            throw TemplateException.limit(
                    (long) limits.outputChars() * STRINGS_PER_TEXT + " characters in all of its strings");
        }
    }

    /** Counts a list of this length; called before it is built. */
    void elements(long length) {
        steps(2 * length);
    }

    void append(StringBuilder out, String text) {
        int length = text.length();
        charsLeft -= length;
        if (charsLeft < 0 || out.length() + length > limits.outputChars()) {
            throw TemplateException.limit(limits.outputChars() + " characters of text");
        }
        out.append(text);
    }

    /** Before a macro or recursive loop runs. */
    void enter() {
        steps(10);
        if (++calls > maxCalls) {
            throw TemplateException.limit(maxCalls + " calls inside each other");
        }
    }

    void leave() {
        calls--;
    }

    /** Checks the depth before a container inside {@code depth} others is traversed. */
    void nested(int depth) {
        steps(1);
        if (depth > limits.depth()) {
            throw TemplateException.limit(limits.depth() + " containers inside each other");
        }
    }

    /** From now on, spans of generation blocks refer to this text. */
    void track(StringBuilder text) {
        tracked = text;
    }

    boolean isTracked() {
        return tracked != null;
    }

    boolean isText(StringBuilder text) {
        return text == tracked;
    }

    void span(int start, int end) {
        spans.add(new Span(start, end));
    }

    List<Span> spans() {
        return spans;
    }
}
