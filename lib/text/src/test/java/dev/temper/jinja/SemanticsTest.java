package dev.temper.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table {@code semantics.txt}, and what does not fit on one line. */
final class SemanticsTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2025, 1, 5, 13, 7, 9);
    private static final String ARROW = " =>> ";

    static Stream<org.junit.jupiter.params.provider.Arguments> rows() throws IOException {
        try (InputStream table = SemanticsTest.class.getResourceAsStream("semantics.txt")) {
            String text = new String(table.readAllBytes(), StandardCharsets.UTF_8);
            return text
                    .lines()
                    .filter(line -> line.contains(ARROW))
                    .map(line -> line.split(ARROW, 2))
                    .map(Arguments::of)
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void givesWhatJinjaGives(String template, String expected) {
        assertThat(Template.parse(template).at(NOW).render(context())).isEqualTo(expected);
    }

    private static Map<String, Object> context() {
        Map<String, Object> context = new HashMap<>();
        context.put("text", "Hello World");
        context.put("emoji", "a🌍b");
        context.put("empty", "");
        context.put("seven", 7);
        context.put("half", 2.5);
        context.put("yes", true);
        context.put("nothing", null);
        context.put("numbers", List.of(3, 1, 2));
        context.put("words", List.of("b", "A", "c"));
        Map<String, Object> user = new java.util.LinkedHashMap<>();
        user.put("name", "Ann");
        user.put("items", 3);
        user.put("tags", List.of("x", "y"));
        context.put("user", user);
        context.put("messages", List.of(message("user", " Hi "), message("assistant", "Yo"), message("user", "Bye")));
        return context;
    }

    private static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new java.util.LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    @Test
    void blockTagsTakeTheirLineWithThem() {
        String template =
                "a\n  {% if true %}\n  b\n  {% endif %}\nc {# note #}\n{{ 1 }}\n{%- if true -%}\n d \n{%- endif %}\n";
        assertThat(render(template)).isEqualTo("a\n  b\nc 1d");
    }

    @Test
    void plusKeepsWhitespace() {
        assertThat(render("a\n  {%+ if true +%}\nb{% endif %}")).isEqualTo("a\n  \nb");
    }

    @Test
    void rawTextIsNotRead() {
        assertThat(render("{% raw %}\n{{ x }} {% if %}\n{% endraw %}\nz")).isEqualTo("\n{{ x }} {% if %}\nz");
    }

    @Test
    void newlinesAreNormalisedAndTheLastIsDropped() {
        assertThat(render("a\r\nb\rc\n\n")).isEqualTo("a\nb\nc\n");
    }

    @Test
    void textOfTheContextIsNeverEvaluated() {
        assertThat(Template.parse("{{ x }}{{ x|upper }}{{ '{}'.format(x) }}").render(Map.of("x", "{{ 7*7 }}{% if %}")))
                .isEqualTo("{{ 7*7 }}{% if %}{{ 7*7 }}{% IF %}{{ 7*7 }}{% if %}");
    }

    @Test
    void contextHidesFunctions() {
        assertThat(Template.parse("{{ range }}").render(Map.of("range", 5))).isEqualTo("5");
    }

    @Test
    void whatTheTemplateSetsLaterHidesTheContextBefore() {
        Map<String, Object> context = Map.of("x", 1);
        String loop = "{% for i in [1] %}{{ x }}{% endfor %}";
        assertThat(Template.parse(loop + "{% set x = 2 %}{{ x }}").render(context))
                .isEqualTo("2");
        assertThat(Template.parse(loop + "{% if i %}{% set x = 2 %}{% endif %}{{ x }}")
                        .render(context))
                .isEqualTo("11");
        assertThat(Template.parse(loop + "{% set x = x + 1 %}{{ x }}").render(context))
                .isEqualTo("12");
    }

    @Test
    void numbersOfTheContextKeepTheirValue() {
        Map<String, Object> context = Map.of(
                "x", Arrays.asList((short) 1, 2, 3L, 1.5f, 2.0, new java.math.BigInteger("99999999999999999999")));
        assertThat(Template.parse("{{ x }}").render(context)).isEqualTo("[1, 2, 3, 1.5, 2.0, 99999999999999999999]");
    }

    @Test
    void oneTemplateServesManyRenderings() {
        Template template = Template.parse("{% set n = n + 1 %}{{ n }}");
        assertThat(template.render(Map.of("n", 1)) + template.render(Map.of("n", 5)))
                .isEqualTo("26");
    }

    @Test
    void generationBlocksAreLocatedInJavaUnits() {
        Template template =
                Template.parse("{% for m in ms %}<{{ m }}>{% generation %}{{ m }}!{% endgeneration %}{% endfor %}");
        Rendering rendering = template.renderWithSpans(Map.of("ms", List.of("🌍", "b")));
        assertThat(rendering.text()).isEqualTo("<🌍>🌍!<b>b!");
        assertThat(rendering.generation()).containsExactly(new Span(4, 7), new Span(10, 12));
        assertThat(template.hasGenerationBlocks()).isTrue();
        assertThat(Template.parse("x").hasGenerationBlocks()).isFalse();
    }

    private static String render(String template) {
        return Template.parse(template).render(Map.of());
    }
}
