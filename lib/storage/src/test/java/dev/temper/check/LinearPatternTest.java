package dev.temper.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LinearPatternTest {
    private static final List<String> ATOMS = List.of(
            "a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\d", "\\b", "\\B", "^", "$", "(?:)", "(?=a)", "(?!b)",
            "(?<=a)", "(?<!ab)", "(?=.*c)", "1", "\\.", "[a-c1]", "(?i:A)");
    private static final List<String> COUNTS =
            List.of("", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,3}", "*?", "{2,}");

    @Test
    void agreesWithJavaOnSmallExpressions() {
        Random random = new Random(7);
        for (int i = 0; i < 4_000; i++) {
            String expression = expression(random, 3);
            Pattern java = Pattern.compile(expression);
            LinearPattern linear = LinearPattern.of(expression, "key");
            for (int j = 0; j < 5; j++) {
                String text = text(random);
                assertThat(linear.matches(text))
                        .as("%s of '%s'", expression, text)
                        .isEqualTo(java.matcher(text).matches());
            }
        }
    }

    private static String expression(Random random, int depth) {
        StringBuilder all = new StringBuilder();
        for (int i = random.nextInt(4); i >= 0; i--) {
            boolean isGroup = depth > 0 && random.nextInt(3) == 0;
            String atom = isGroup ? "(" + expression(random, depth - 1) + ")" : ATOMS.get(random.nextInt(ATOMS.size()));
            // Java gives up where a repeated part may be empty, though there is a way; Python and this one find it.
            boolean isEdge = Pattern.compile("\\^|\\$|\\\\[bB]|\\(\\?[=!<:]")
                            .matcher(atom.replace("[^a]", "x"))
                            .find()
                    || Pattern.matches(atom, "");
            all.append(atom).append(isEdge ? "" : COUNTS.get(random.nextInt(COUNTS.size())));
            all.append(random.nextInt(5) == 0 ? "|" : "");
        }
        return all.toString();
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(7); i > 0; i--) {
            text.append("abc1.".charAt(random.nextInt(5)));
        }
        return text.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                // as tools for models of pictures and texts write them
                "^(?!.*(?:visual|merger)).*(?:q_proj|v_proj).* model.layers.0.self_attn.q_proj true",
                "^(?!.*(?:visual|merger)).*(?:q_proj|v_proj).* model.visual.0.q_proj false",
                "^(model\\.language_model(?=\\.).*\\.(q_proj|v_proj))$ model.language_model.layers.1.v_proj true",
                "(?:.*?(?:text).*?(?:self_attn|mlp).*?(?:q_proj).*?)|(?:\\bmodel\\.layers\\.[\\d]{1,}\\."
                        + "(?:mlp)\\.(?:up_proj))"
                        + " model.layers.12.mlp.up_proj true",
                "(?P<layer>\\d+)x 7x true",
                "(?i)Q_PROJ q_proj true",
                "a{,2} aa true",
                "a{2}{ aa{ true",
                "[]a]+ ]a true",
                "[a-]+ -a true",
                "a.b a\uD83D\uDE00b true"
            })
    void readsWhatPythonReads(String expression, String text, boolean isMatch) {
        assertThat(LinearPattern.of(expression, "key").matches(text)).isEqualTo(isMatch);
    }

    @Test
    void manyWaysCostNoMoreThanOne() {
        String name = "model.layers.0.self_attn.q_proj".repeat(20);
        for (String hard : List.of(
                "(.*)".repeat(20) + "x",
                "(a|b|ab|.)*".repeat(10) + "x",
                "(|)".repeat(40) + "(?!)",
                "((((((.*)*)*)*)*)*)*x",
                "(((.{0,9}){0,9}){0,9})x",
                "(?=.*(?=.*(?=.*(?=.*(?=.*x)))))".repeat(5))) {
            assertThat(LinearPattern.of(hard, "key").matches(name)).as(hard).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a)\\1", "(?P<x>a)(?P=x)", "(a)(?(1)b|c)", "(?>a*)b", "a*+b", "(?L)a", "\\x41"})
    void refusesByNameWhatItCannotDo(String expression) {
        assertThatThrownBy(() -> LinearPattern.of(expression, "adapter_config.json: rank_pattern"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("adapter_config.json: rank_pattern: " + expression + " has ")
                .hasMessageEndingWith("which is not supported: write the names out in a list");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a", "a)", "[a", "*a", "a**", "\\", "[b-a]", "a(?i)b", "(?#"})
    void refusesWhatPythonRefuses(String expression) {
        assertThatThrownBy(() -> LinearPattern.of(expression, "key"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("is no regular expression: ");
    }

    @Test
    void refusesWhatWouldBeTooLarge() {
        for (String large : List.of("a{1001}", "((a{900}){900}){900}", "(".repeat(5000), "a".repeat(20_000))) {
            assertThatThrownBy(() -> LinearPattern.of(large, "key")).isInstanceOf(InvalidInputException.class);
        }
    }
}
