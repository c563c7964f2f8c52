package dev.temper.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Random templates and contexts. Whatever a template is, rendering it gives text or a {@link TemplateException}. */
final class TemplateFuzz {
    private static final String[] NAMES = {
        "s", "e", "u", "i", "z", "f", "big", "t", "n", "xs", "d", "ms", "ns", "loop", "?"
    };
    private static final String[] LITERALS = {
        "0",
        "1",
        "-1",
        "2",
        "10",
        "99999",
        "9223372036854775807",
        "0x1f",
        "1.5",
        "1e308",
        "1e-7",
        "''",
        "'a'",
        "'%s%d'",
        "'{}{:>5}'",
        "'{0.x[1]}'",
        "'🌍é'",
        "', '",
        "'content'",
        "'\\n'",
        "true",
        "none",
        "[]",
        "{}",
        "()",
        "[1, 'a']",
        "(1, 2)",
        "{'a': 1, 2: none}"
    };
    private static final String[] OPERATORS = {
        "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "and", "or"
    };
    private static final String[] ATTRIBUTES = {
        "a", "role", "content", "zz", "0", "index", "first", "last", "length", "previtem", "__class__", "_x"
    };
    private static final String[] MUTATIONS = {
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "+",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "\\",
        "|",
        ".",
        ",",
        ":",
        "=",
        "*",
        "**",
        "~",
        " if ",
        " else ",
        " for ",
        " in ",
        " is ",
        " not ",
        "endfor",
        "endif",
        "loop",
        "9",
        "0",
        "\n",
        "\u0000",
        "\ud800",
        "🌍",
        "raw",
        "endraw",
        "%",
        "range(99999)",
        " recursive ",
        "caller()",
        "ns.x"
    };

    private final Random random;
    private final Limits limits;
    private final String[] filters = Filters.TABLE.keySet().stream().sorted().toArray(String[]::new);
    private final String[] tests = Predicates.TABLE.keySet().stream()
            .filter(name -> Character.isLetter(name.charAt(0)))
            .sorted()
            .toArray(String[]::new);
    private final String[] methods;
    private long rendered = 0;
    private long failed = 0;

    TemplateFuzz(long seed, Limits limits) {
        this.random = new Random(seed);
        this.limits = limits;
        List<String> names = new ArrayList<>(StringMethods.TABLE.keySet());
        names.addAll(ContainerMethods.DICT.keySet());
        names.addAll(ContainerMethods.LIST.keySet());
        names.addAll(List.of("append", "update", "pop"));
        this.methods = names.stream().sorted().toArray(String[]::new);
    }

    long numRendered() {
        return rendered;
    }

    long numFailed() {
        return failed;
    }

    /** Fails when anything but a typed error escapes, or when the text is too long. */
    void render(String template, Map<String, ?> context) {
        try {
            String text = Template.parse(template, limits).render(context);
            if (text.length() > limits.outputChars()) {
                throw new AssertionError("too long: " + text.length() + " characters of " + template);
            }
            rendered++;
        } catch (TemplateException e) {
            failed++;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(e + " of " + template, e);
        }
    }

    Map<String, Object> context() {
        Map<String, Object> context = new HashMap<>();
        context.put("s", "Hello World, foo-bar");
        context.put("e", "");
        context.put("u", "Grüße 🌍\n\ttab ß \ud800");
        context.put("i", random.nextInt(20) - 5);
        context.put("z", 0);
        context.put("f", random.nextGaussian() * Math.pow(10, random.nextInt(20) - 5));
        context.put("big", new java.math.BigInteger(90, random));
        context.put("t", random.nextBoolean());
        context.put("n", null);
        context.put("xs", value(0));
        context.put("d", map(1));
        context.put(
                "ms",
                Arrays.asList(map(1), Map.of("role", "user", "content", "Hi"), Map.of("role", "x", "content", "y")));
        return context;
    }

    private Object value(int depth) {
        return switch (random.nextInt(depth > 3 ? 6 : 9)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextDouble();
            case 2 -> random.nextBoolean();
            case 3 -> null;
            case 4 -> "text " + random.nextInt();
            case 5 -> "";
            case 6, 7 -> Arrays.asList(value(depth + 1), value(depth + 1), value(depth + 1));
            default -> map(depth);
        };
    }

    private Map<String, Object> map(int depth) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", value(depth + 1));
        map.put("k" + random.nextInt(3), value(depth + 1));
        return map;
    }

    /** A template by the grammar, mostly valid. */
    String template() {
        StringBuilder out = new StringBuilder("{% set ns = namespace(x=1) %}");
        statements(out, 0);
        return out.toString();
    }

    /** A template with a few parts removed, doubled, replaced or inserted. */
    String mutated(String template) {
        StringBuilder out = new StringBuilder(template);
        for (int n = 1 + random.nextInt(3); n > 0 && out.length() > 0; n--) {
            int start = random.nextInt(out.length());
            int end = Math.min(out.length(), start + 1 + random.nextInt(12));
            switch (random.nextInt(4)) {
                case 0 -> out.delete(start, end);
                case 1 -> out.insert(start, out.substring(start, end));
                case 2 -> out.replace(start, Math.min(out.length(), start + 1), pick(MUTATIONS));
                default -> out.insert(start, random.nextInt(3) == 0 ? expression(2) : pick(MUTATIONS));
            }
        }
        return out.toString();
    }

    private String pick(String[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private void statements(StringBuilder out, int depth) {
        for (int n = 1 + random.nextInt(2); n > 0; n--) {
            statement(out, depth);
        }
    }

    private void statement(StringBuilder out, int depth) {
        int kind = random.nextInt(depth > 3 ? 6 : 16);
        switch (kind) {
            case 0 -> out.append(
                    pick(new String[] {"text ", "\n", "  ", "{# c #}", "{#- c -#}\n", "{% raw %}{{ {% endraw %}"}));
            case 1, 2, 3 -> out.append(pick(new String[] {"{{ ", "{{- "}))
                    .append(expression(random.nextInt(4)))
                    .append(pick(new String[] {" }}", " -}}"}));
            case 4 -> out.append("{% set ")
                    .append(pick(NAMES).replace("?", "q"))
                    .append(" = ")
                    .append(expression(random.nextInt(4)))
                    .append(" %}");
            case 5 -> out.append("{% set ns.x = ")
                    .append(expression(random.nextInt(4)))
                    .append(" %}");
            case 6, 7 -> {
                body(
                        out,
                        "if " + expression(1 + random.nextInt(3)),
                        depth,
                        random.nextBoolean() ? "else" : "elif " + expression(1 + random.nextInt(3)),
                        "endif");
            }
            case 8, 9, 10 -> loop(out, depth);
            case 11 -> body(out, "macro m(p, q=" + expression(2) + ")", depth, null, "endmacro");
            case 12 -> body(out, "call m(" + expression(2) + ")", depth, null, "endcall");
            case 13 -> body(out, "filter " + pick(filters), depth, null, "endfilter");
            case 14 -> body(out, "set v" + (random.nextBoolean() ? "" : " | " + pick(filters)), depth, null, "endset");
            default -> body(
                    out,
                    random.nextBoolean() ? "generation" : "with a = " + expression(1 + random.nextInt(3)),
                    depth,
                    null,
                    null);
        }
    }

    private void loop(StringBuilder out, int depth) {
        String tag = "for " + pick(new String[] {"x", "x, y", "s", "i"}) + " in "
                + pick(new String[] {"xs", "ms", "d", "range(3)", "d.items()", "ns.x", expression(1 + random.nextInt(3))
                })
                + pick(new String[] {"", "", " if " + expression(2), " recursive"});
        String middle = pick(
                new String[] {"", "{{ loop(xs) }}", "{{ m(x) }}", "{% if x %}{% break %}{% endif %}", "{% continue %}"
                });
        out.append("{% ").append(tag).append(" %}").append(middle);
        statements(out, depth + 1);
        out.append(random.nextInt(4) == 0 ? "{% else %}-" : "").append("{% endfor %}");
    }

    private void body(StringBuilder out, String tag, int depth, String middle, String end) {
        out.append("{% ").append(tag).append(pick(new String[] {" %}", " -%}", " +%}"}));
        statements(out, depth + 1);
        if (middle != null && random.nextBoolean()) {
            out.append("{%- ").append(middle).append(" %}");
            statements(out, depth + 1);
        }
        out.append("{% ")
                .append(end == null ? "end" + tag.split(" ", 2)[0] : end)
                .append(" %}");
    }

    private String expression(int depth) {
        if (depth > 3) {
            return random.nextBoolean() ? pick(NAMES).replace("?", "undef") : pick(LITERALS);
        }
        String operand = expression(depth + 1 + random.nextInt(3));
        return switch (random.nextInt(12)) {
            case 0, 1 -> "(" + operand + " " + pick(OPERATORS) + " " + expression(depth + 1) + ")";
            case 2, 3 -> operand + "." + pick(methods) + "(" + arguments(depth) + ")";
            case 4, 5 -> operand + "|" + pick(filters) + (random.nextBoolean() ? "" : "(" + arguments(depth) + ")");
            case 6 -> operand + " is " + (random.nextBoolean() ? "" : "not ") + pick(tests)
                    + (random.nextBoolean() ? "" : "(" + arguments(depth) + ")");
            case 7 -> operand + "[" + pick(new String[] {"0", "-1", ":", "::-1", "1:", expression(depth + 2)}) + "]";
            case 8 -> operand + "." + pick(ATTRIBUTES);
            case 9 -> "(" + operand + " if " + expression(depth + 2) + " else " + expression(depth + 2) + ")";
            case 10 -> pick(new String[] {
                        "range", "dict", "namespace", "cycler", "joiner", "m", "strftime_now", "loop.cycle"
                    })
                    + "(" + arguments(depth) + ")";
            default -> pick(new String[] {"[", "-", "not ", ""}).replace("[", "[" + operand + ", ")
                    + operand
                    + (random.nextInt(50) == 0 ? "]" : "");
        };
    }

    private String arguments(int depth) {
        return switch (random.nextInt(7)) {
            case 0, 1 -> "";
            case 2, 3 -> expression(depth + 2);
            case 4 -> expression(depth + 2) + ", " + expression(depth + 2);
            case 5 -> pick(
                    new String[] {"attribute='a'", "default=1", "sep='x'", "width=3", "reverse=true", "x=1", "indent=2"
                    });
            default -> pick(new String[] {"*xs", "**d", "*[1, 2]"});
        };
    }
}
