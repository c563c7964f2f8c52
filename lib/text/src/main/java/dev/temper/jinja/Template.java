package dev.temper.jinja;

import java.time.LocalDateTime;
import java.util.Map;

/** A parsed template. Immutable and thread-safe. */
public final class Template {
    private static final int USUAL_LENGTH = 512;

    static {
        // Loaded here, near the start of the stack: a class that fails to load at its end could never be used again.
        int names = Filters.TABLE.size() + Predicates.TABLE.size() + ContainerMethods.DICT.size();
        if (names == 0 || Globals.find("range") == null) {
            throw new IllegalStateException("no functions");
        }
    }

    private final Source source;
    private final Limits limits;
    private final Parser.Code code;
    private final LocalDateTime now;

    private Template(Source source, Limits limits, Parser.Code code, LocalDateTime now) {
        this.source = source;
        this.limits = limits;
        this.code = code;
        this.now = now;
    }

    /** Parses a template with {@link Limits#defaults}. */
    public static Template parse(String source) {
        return parse(source, Limits.defaults());
    }

    /**
     * Parses a template that will be rendered within these limits.
     *
     * @throws TemplateException when it is not valid, or uses a tag, filter or test that does not exist
     */
    public static Template parse(String source, Limits limits) {
        if (source.length() > limits.outputChars()) {
            throw TemplateException.limit(limits.outputChars() + " characters of the template itself");
        }
        Source text = new Source(source);
        try {
            return new Template(text, limits, Parser.parse(text, limits), null);
        } catch (StackOverflowError e) {
            throw TemplateException.limit("the stack of this thread");
        }
    }

    /** This template with a fixed time for {@code strftime_now}, which otherwise returns the time of rendering. */
    public Template at(LocalDateTime fixed) {
        return new Template(source, limits, code, fixed);
    }

    /** Whether the template has {@code {% generation %}} blocks, which mark assistant tokens. */
    public boolean hasGenerationBlocks() {
        return code.hasGeneration();
    }

    /**
     * Renders the template with variables: strings, booleans, numbers, lists, maps, and null for Python's None. Strings
     * are never interpreted as templates.
     *
     * @throws TemplateException when the template raises, an operation fails as in Python, or a limit is exceeded
     */
    public String render(Map<String, ?> context) {
        StringBuilder out = new StringBuilder(USUAL_LENGTH);
        run(new RenderState(context, limits, now, code.shape()), out);
        return out.toString();
    }

    /** As {@link #render}, with the spans of generation blocks. */
    public Rendering renderWithSpans(Map<String, ?> context) {
        StringBuilder out = new StringBuilder(USUAL_LENGTH);
        RenderState state = new RenderState(context, limits, now, code.shape());
        state.track(out);
        run(state, out);
        return new Rendering(out.toString(), state.spans());
    }

    private void run(RenderState state, StringBuilder out) {
        try {
            code.body().execute(new Frame(code.shape().frameSize(), null, state), out);
        } catch (TemplateException e) {
            throw source.located(e, state.position());
        } catch (StackOverflowError e) {
            throw source.located(TemplateException.limit("the stack of this thread"), state.position());
        }
    }
}
