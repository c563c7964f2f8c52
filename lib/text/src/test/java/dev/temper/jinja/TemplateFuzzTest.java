package dev.temper.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A few thousand random templates. A million, in some minutes: {@code mvn -pl lib/text -am verify
 * -Dtest=TemplateFuzzTest -Dsurefire.failIfNoSpecifiedTests=false -Dtemper.fuzz=1000000}; another seed with
 * {@code -Dtemper.fuzz.seed}.
 */
final class TemplateFuzzTest {
    private static final int COUNT = Integer.getInteger("temper.fuzz", 4000);
    private static final long SEED = Long.getLong("temper.fuzz.seed", 20251122);

    /** Small, so that templates which run into them do so at once. */
    private static final Limits LIMITS = new Limits(20_000, 40, 20_000);

    private static final List<String> OWN = List.of(
            """
            {% for m in messages %}{% if loop.first and m['role'] != 'system' %}{{ '<s>' }}{% endif %}
            {{ '<|' + m['role'] + '|>' + m['content']|trim }}{% if not loop.last %}
            {% endif %}{% endfor %}
            """,
            """
            {%- macro part(c) -%}{%- if c is string -%}{{ c }}{%- else -%}
            {%- for p in c -%}{{ p.text|default('') }}{%- endfor -%}{%- endif -%}{%- endmacro -%}
            {%- set ns = namespace(i=0) -%}
            {%- for m in messages -%}{%- set ns.i = ns.i + 1 -%}
            {%- generation -%}{{ part(m.content) }}{%- endgeneration -%}{%- endfor -%}
            """,
            """
            {% if tools %}{{ tools|tojson(indent=2) }}{% endif %}
            {% for m in messages|selectattr('role', 'eq', 'user')|list %}
            {{ loop.index ~ ': ' ~ m.content[:10].split(' ')[-1] }}
            {% else %}{{ raise_exception('no user') }}{% endfor %}
            """);

    @Test
    void randomTemplatesFailInOneWay() {
        TemplateFuzz fuzz = new TemplateFuzz(SEED, LIMITS);
        for (int i = 0; i < COUNT; i++) {
            fuzz.render(fuzz.template(), fuzz.context());
        }
        assertThat(fuzz.numRendered()).as("seed %d", SEED).isGreaterThan(COUNT / 50);
    }

    @Test
    void mutatedTemplatesFailInOneWay() {
        TemplateFuzz fuzz = new TemplateFuzz(SEED, LIMITS);
        List<Map<String, String>> messages =
                List.of(Map.of("role", "user", "content", " Hi there "), Map.of("role", "assistant", "content", "Yo"));
        for (int i = 0; i < COUNT; i++) {
            String template = fuzz.mutated(i % 4 == 3 ? fuzz.template() : OWN.get(i % OWN.size()));
            fuzz.render(template, Map.of("messages", messages, "tools", List.of(Map.of("name", "f"))));
        }
        assertThat(fuzz.numRendered()).as("seed %d", SEED).isGreaterThan(COUNT / 50);
    }
}
