package dev.temper.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.temper.jinja.TemplateException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that try to use up the machine. */
final class LimitsTest {
    /** Fewer steps than usual: all of it takes seconds then. */
    private static final Limits LIMITS = new Limits(500_000, 200, 8_000_000);

    private static final String MANY = "{% for i in range(99999) %}{% for j in range(99999) %}";
    private static final String END = "{% endfor %}{% endfor %}";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ 'a' * 10**9 }}",
                "{{ 'a' * 10**30 }}",
                "{{ [0] * 10**9 }}",
                "{{ range(10**9) }}",
                "{{ range(0 - 10**18, 10**18)|length }}",
                "{{ 10 ** (10 ** 9) }}",
                "{{ 7 ** (7 ** (7 ** 7)) }}",
                "{{ '%1000000000d' % 1 }}",
                "{{ '%.1000000000f' % 1 }}",
                "{{ '%*d' % (10**9, 1) }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ '{:.99999999f}'.format(1.5) }}",
                "{{ 'a'.center(10**9) }}",
                "{{ 'a'.zfill(10**9) }}",
                "{{ 'a\\t'.expandtabs(10**9) }}",
                "{{ 'a'|center(10**9) }}",
                "{{ 'a\\nb'|indent(10**9) }}",
                "{{ [1]|tojson(indent=10**9) }}",
                "{{ [1]|batch(10**9, 0)|list }}",
                "{{ [1]|slice(10**9)|list }}",
                "{% set x = 'a' * 3000000 %}{{ x.replace('a', x) }}",
                "{% set x = 'a' * 3000000 %}{{ x|join(x) }}",
                "{% set x = 'ab' * 3000000 %}{% for i in range(99999) %}{{ x.split('b')|length }}{% endfor %}",
                "{% set x = 'a' * 7000000 %}{% for i in range(99999) %}{{ x.count('b') }}{% endfor %}",
                "{% set x = 'a' * 4000000 %}{% for i in range(99) %}{{ 'a' * 2000000 ~ 'b' in x }}{% endfor %}",
                "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
                "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
                "{% set n = namespace(x=3) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}"
                        + "{{ n.x|tojson }}",
                "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
                        + "{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
                "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}"
                        + "{{ {n.x: 1} }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
                "{% set n = namespace() %}{% set n.x = n %}{{ n }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
                "{% macro m() %}{% call m() %}{% endcall %}{{ caller() }}{% endmacro %}{{ m() }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                MANY + END,
                MANY + "x" + END,
                MANY + "{{ 'a'|upper }}" + END,
                MANY + "{% set x %}{{ i }}{% endset %}" + END,
                "{% set x = range(99999)|list %}{% for i in x %}{% if -1 in x %}{% endif %}{% endfor %}",
                "{% for i in range(99999) %}{{ range(99999)|sort|length }}{% endfor %}",
                "{% for i in range(99999) %}{{ range(99999)|sum }}{% endfor %}",
                "{% set x = '<' * 2000000 %}{{ x|e|e|e|e }}"
            })
    void renderingEnds(String template) {
        assertThat(limit(template)).isNotNull();
    }

    static List<String> deepTemplates() {
        List<String> templates = new ArrayList<>();
        for (String[] parts : List.of(
                new String[] {"(", "1", ")"},
                new String[] {"[", "", "]"},
                new String[] {"{1:", "1", "}"},
                new String[] {"not ", "1", ""},
                new String[] {"-", "1", ""},
                new String[] {"1 if 1 else ", "1", ""},
                new String[] {"x(", "", ")"},
                new String[] {"x[", "1", "]"},
                new String[] {"", "x", ".a"},
                new String[] {"", "x", "|upper"},
                new String[] {"1 - ", "1", ""},
                new String[] {"1 and ", "1", ""})) {
            templates.add("{{ " + parts[0].repeat(100_000) + parts[1] + parts[2].repeat(100_000) + " }}");
        }
        templates.add("{% if 1 %}".repeat(100_000) + "{% endif %}".repeat(100_000));
        templates.add("{% for i in x %}".repeat(100_000) + "{% endfor %}".repeat(100_000));
        templates.add("{% set " + "(".repeat(100_000) + "a" + ")".repeat(100_000) + " = 1 %}");
        return templates;
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("deepTemplates")
    void parsingEnds(String template) {
        assertThat(limit(template)).isNotNull();
    }

    @Test
    void aSmallStackIsEnoughToFailInOneWay() throws InterruptedException {
        List<String> templates = new ArrayList<>(deepTemplates());
        templates.add("{% macro m() %}{{ ((([m()]|first)|upper)|lower)|trim }}{% endmacro %}{{ m() }}");
        templates.add("{{ " + "[".repeat(190) + "]".repeat(190) + " }}");
        List<Object> failures = new ArrayList<>();
        Runnable all = () -> templates.forEach(template -> failures.add(failure(template, Limits.defaults())));
        Thread thread = new Thread(null, all, "small stack", 160 * 1024);
        thread.start();
        thread.join();
        assertThat(failures).hasSameSizeAs(templates);
    }

    @Test
    void ownLimitsAreKept() {
        Limits limits = new Limits(1000, 5, 100);
        assertThat(failure("{% for i in range(2000) %}{% endfor %}", limits)).hasMessageContaining("1000 steps");
        assertThat(failure("{% for i in range(20) %}0123456789{% endfor %}", limits))
                .hasMessageContaining("100 characters");
        assertThat(failure("{{ ((((((1)))))) }}", limits)).hasMessageContaining("5 tags or brackets");
        assertThat(failure("x".repeat(101), limits)).hasMessageContaining("100 characters of the template");
        assertThat(Template.parse("{% for i in range(9) %}0123456789{% endfor %}", limits)
                        .render(Map.of()))
                .hasSize(90);
    }

    @Test
    void aLongConversationIsFarFromTheLimits() {
        Template template = Template.parse("{% set ns = namespace(all='') %}{% for m in messages %}"
                + "{% set ns.all = ns.all + '<|' + m.role + '|>' + m.content|trim + '<|end|>' %}"
                + "{% endfor %}{{ ns.all }}");
        Map<String, String> message = Map.of("role", "user", "content", "word ".repeat(1000));
        assertThat(template.render(Map.of("messages", java.util.Collections.nCopies(150, message))))
                .hasSizeGreaterThan(700_000);
    }

    @Test
    void limitsArePositive() {
        assertThat(catchThrowableOfType(IllegalArgumentException.class, () -> new Limits(0, 1, 1)))
                .isNotNull();
    }

    private static TemplateException limit(String template) {
        TemplateException e = failure(template, LIMITS);
        assertThat(e.kind()).as(e.getMessage()).isEqualTo(Kind.LIMIT);
        return e;
    }

    private static TemplateException failure(String template, Limits limits) {
        return catchThrowableOfType(
                TemplateException.class, () -> Template.parse(template, limits).render(Map.of("x", List.of())));
    }
}
