package dev.temper.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Methods of {@code str}. */
final class StringMethods {
    static final Map<String, Method> TABLE = new HashMap<>();

    /** A method on the plain text. */
    private interface Body {
        Object call(RenderState state, String self, Object[] arguments);
    }

    static {
        put("strip", "/chars?", (state, self, a) -> Text.strip(self, characters(a[0]), Text.Side.BOTH));
        put("lstrip", "/chars?", (state, self, a) -> Text.strip(self, characters(a[0]), Text.Side.LEFT));
        put("rstrip", "/chars?", (state, self, a) -> Text.strip(self, characters(a[0]), Text.Side.RIGHT));
        put("split", "sep? maxsplit?", (state, self, a) -> Text.split(self, separator(a[0]), size(a[1], -1)));
        put("rsplit", "sep? maxsplit?", (state, self, a) -> Text.splitRight(self, separator(a[0]), size(a[1], -1)));
        put("splitlines", "keepends?", StringMethods::splitLines);
        put("partition", "/sep", (state, self, a) -> partition(self, separator(a[0])));
        put("rpartition", "/sep", (state, self, a) -> partitionRight(self, separator(a[0])));
        put("join", "/iterable", StringMethods::join);
        put("replace", "/old new count?", StringMethods::replace);
        put("upper", "/", (state, self, a) -> self.toUpperCase(Locale.ROOT));
        put("lower", "/", (state, self, a) -> self.toLowerCase(Locale.ROOT));
        put("casefold", "/", (state, self, a) -> self.toLowerCase(Locale.ROOT).replace("ß", "ss"));
        put("capitalize", "/", (state, self, a) -> Letters.capitalize(self));
        put("title", "/", (state, self, a) -> Letters.title(self));
        put("swapcase", "/", (state, self, a) -> Letters.swapCase(self));
        put("removeprefix", "/prefix", (state, self, a) -> {
            String prefix = Values.requireText(a[0]);
            return self.startsWith(prefix) ? self.substring(prefix.length()) : self;
        });
        put("removesuffix", "/suffix", (state, self, a) -> {
            String suffix = Values.requireText(a[0]);
            return self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
        });
        putSearches();
        putPadding();
        putChecks();
        put("format", null, (state, self, a) -> BraceFormat.format(state, self, (Arguments) a[0]));
        put("format_map", "/mapping", (state, self, a) -> BraceFormat.formatMap(state, self, a[0]));
        for (String name : List.of("encode", "translate", "maketrans")) {
            put(name, null, (state, self, a) -> {
                throw TemplateException.type("str.%s() is not supported in templates", name);
            });
        }
    }

    private static void putSearches() {
        put("startswith", "/prefix start? end?", (state, self, a) -> Window.of(self, a)
                .hasFix(a[0], true));
        put("endswith", "/suffix start? end?", (state, self, a) -> Window.of(self, a)
                .hasFix(a[0], false));
        put("find", "/sub start? end?", (state, self, a) -> Window.of(self, a).find(Values.requireText(a[0])));
        put("rfind", "/sub start? end?", (state, self, a) -> Window.of(self, a).findLast(Values.requireText(a[0])));
        put(
                "index",
                "/sub start? end?",
                (state, self, a) -> found(Window.of(self, a).find(Values.requireText(a[0]))));
        put(
                "rindex",
                "/sub start? end?",
                (state, self, a) -> found(Window.of(self, a).findLast(Values.requireText(a[0]))));
        put("count", "/sub start? end?", (state, self, a) -> Window.of(self, a).count(Values.requireText(a[0])));
    }

    private static void putPadding() {
        put("center", "/width fillchar?", (state, self, a) -> Padding.pad(state, self, a, '^'));
        put("ljust", "/width fillchar?", (state, self, a) -> Padding.pad(state, self, a, '<'));
        put("rjust", "/width fillchar?", (state, self, a) -> Padding.pad(state, self, a, '>'));
        put("zfill", "/width", (state, self, a) -> Padding.zeros(state, self, Values.requireSize(a[0])));
        put("expandtabs", "tabsize?", (state, self, a) -> Padding.expandTabs(state, self, size(a[0], 8)));
    }

    private static void putChecks() {
        put("isalpha", "/", (state, self, a) -> Letters.all(self, Character::isLetter));
        put("isdecimal", "/", (state, self, a) -> Letters.all(self, Character::isDigit));
        put("isdigit", "/", (state, self, a) -> Letters.all(self, Letters::isDigit));
        put("isnumeric", "/", (state, self, a) -> Letters.all(self, Letters::isNumeric));
        put("isalnum", "/", (state, self, a) -> Letters.all(self, c -> Character.isLetter(c) || Letters.isNumeric(c)));
        put("isspace", "/", (state, self, a) -> Letters.all(self, Text::isSpace));
        put("isascii", "/", (state, self, a) -> self.chars().allMatch(c -> c < 128));
        put("isprintable", "/", (state, self, a) -> self.codePoints().allMatch(Repr::isPrintable));
        put("isupper", "/", (state, self, a) -> Letters.isUpper(self));
        put("islower", "/", (state, self, a) -> Letters.isLower(self));
        put("istitle", "/", (state, self, a) -> Letters.isTitle(self));
        put("isidentifier", "/", (state, self, a) -> Letters.isIdentifier(self));
    }

    private StringMethods() {}

    private static void put(String name, String parameters, Body body) {
        Signature signature = parameters == null ? null : Signature.of(parameters);
        TABLE.put(name, new Method(name, signature, (state, self, arguments) -> call(state, self, arguments, body)));
    }

    /** Reading and results cost; the result of a method of {@link Markup} is marked too. */
    private static Object call(RenderState state, Object self, Object[] arguments, Body body) {
        String text = self.toString();
        state.scan(text.length());
        Object result = body.call(state, text, arguments);
        if (result instanceof String string) {
            state.chars(string.length());
            return self instanceof Markup ? new Markup(string) : string;
        }
        if (result instanceof List<?> list) {
            state.chars(text.length());
            state.elements(list.size());
        }
        return result;
    }

    private static String characters(Object argument) {
        return argument == null || argument == None.NONE ? null : Values.requireText(argument);
    }

    private static String separator(Object argument) {
        String separator = characters(argument);
        if (separator != null && separator.isEmpty()) {
            throw TemplateException.type("empty separator");
        }
        return separator;
    }

    private static int size(Object argument, int absent) {
        return argument == null ? absent : Values.requireSize(argument);
    }

    private static Object splitLines(RenderState state, String self, Object[] arguments) {
        boolean keepsEnds = arguments[0] != null && Values.isTrue(arguments[0]);
        return Text.lines(self, keepsEnds ? Text.Side.RIGHT : Text.Side.LEFT);
    }

    private static Tuple partition(String self, String separator) {
        requireSeparator(separator);
        int cut = Text.find(self, separator, 0);
        return cut < 0
                ? new Tuple(self, "", "")
                : new Tuple(self.substring(0, cut), separator, self.substring(cut + separator.length()));
    }

    private static Tuple partitionRight(String self, String separator) {
        requireSeparator(separator);
        int cut = Text.findLast(self, separator, self.length());
        return cut < 0
                ? new Tuple("", "", self)
                : new Tuple(self.substring(0, cut), separator, self.substring(cut + separator.length()));
    }

    private static void requireSeparator(String separator) {
        if (separator == null) {
            throw TemplateException.type("must be str, not NoneType");
        }
    }

    private static Object join(RenderState state, String self, Object[] arguments) {
        StringBuilder joined = new StringBuilder();
        List<Object> items = arguments[0] instanceof Generator || arguments[0] instanceof DictView
                ? new ArrayList<>(Values.items(arguments[0], state))
                : Values.items(arguments[0], state);
        for (int i = 0; i < items.size(); i++) {
            if (!Values.isText(items.get(i))) {
                throw TemplateException.type(
                        "sequence item %d: expected str instance, %s found", i, Values.typeName(items.get(i)));
            }
            state.append(joined, i == 0 ? "" : self);
            state.append(joined, items.get(i).toString());
            state.steps(1);
        }
        return joined.toString();
    }

    private static Object replace(RenderState state, String self, Object[] arguments) {
        String old = Values.requireText(arguments[0]);
        return replace(state, self, old, Values.requireText(arguments[1]), size(arguments[2], -1));
    }

    /** At most {@code max} places, when it is not negative. */
    static String replace(RenderState state, String text, String old, String replacement, int max) {
        if (old.isEmpty()) {
            return insertBetween(state, text, replacement, max);
        }
        int count = 0;
        for (int i = Text.find(text, old, 0);
                i >= 0 && (max < 0 || count < max);
                i = Text.find(text, old, i + old.length())) {
            count++;
        }
        if (count == 0) {
            return text;
        }
        long length = text.length() + (long) count * (replacement.length() - old.length());
        state.chars(length);
        StringBuilder replaced = new StringBuilder((int) length);
        int start = 0;
        for (; count > 0; count--) {
            int found = Text.find(text, old, start);
            replaced.append(text, start, found).append(replacement);
            start = found + old.length();
        }
        return replaced.append(text, start, text.length()).toString();
    }

    private static String insertBetween(RenderState state, String text, String insert, int max) {
        int places = Text.length(text) + 1;
        int count = max < 0 ? places : Math.min(places, max);
        state.chars(text.length() + (long) count * insert.length());
        StringBuilder out = new StringBuilder();
        int i = 0;
        for (int place = 0; place < places; place++) {
            out.append(place < count ? insert : "");
            if (i < text.length()) {
                int point = text.codePointAt(i);
                out.appendCodePoint(point);
                i += Character.charCount(point);
            }
        }
        return out.toString();
    }

    private static Object found(long index) {
        if (index < 0) {
            throw TemplateException.type("substring not found");
        }
        return index;
    }
}
