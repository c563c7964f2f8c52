package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SplitPatternTest {
    private static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    @ParameterizedTest
    @ValueSource(
            strings = {
                LLAMA3,
                // GPT-4o's, and DeepSeek's three
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                        + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
                        + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}|"
                        + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "\\p{N}{1,3}",
                "[一-龥぀-ゟ゠-ヿ]+",
                "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                        + " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                " {2,}",
                " ?[^(\\s|[.,!?…。，、।۔،])]+",
                "[^\\n]+|[\\n]+",
                "<\\|startoftext\\|>|'s|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
            })
    void takesPublishedPatterns(String expression) {
        assertThat(SplitPattern.limit(expression, "tokenizer.json").isAnyText()).isFalse();
    }

    @Test
    void boundsTheRunsOfAPatternThatLooksForLineEnds() {
        assertThat(SplitPattern.limit(LLAMA3, "tokenizer.json")).isEqualTo(new SplitPattern.Limit(1_000_000, false));
        assertThat(SplitPattern.limit("\\p{L}+|\\s+", "tokenizer.json")).isEqualTo(SplitPattern.Limit.NONE);
        assertThat(SplitPattern.limit(".*x|.", "tokenizer.json")).isEqualTo(new SplitPattern.Limit(1_000_000, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a+)+$",
                "(?:a|a)*b",
                "(.*)(.*)x",
                "\\s*\\s*x",
                "(?:a?b?){30}c",
                "(a{0,50}){50}x",
                "((a|b)(a|b)){9}x",
                "(?:a?){40}a{40}",
                "(?=(a+)+$)a",
                "(\\w)\\1",
                "(?<n>a)\\k<n>",
                "(?R)",
                "a**",
                "(a",
                "a)",
                "[a",
                "\\"
            })
    void refusesWhatMayNeverEnd(String expression) {
        assertThatThrownBy(() -> SplitPattern.limit(expression, "tokenizer.json"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("tokenizer.json: texts cannot be split by " + expression + ": it has ");
    }

    @Test
    void measuresTheLongestRun() {
        assertThat(SplitPattern.longestRun("")).isZero();
        assertThat(SplitPattern.longestRun("ab  \t\u00a0\n1234!")).isEqualTo(5);
        assertThat(SplitPattern.longestRun("e\u0301\u00e9x 12")).isEqualTo(4);
        assertThat(SplitPattern.longestRun("a\uD83D\uDE00!?")).isEqualTo(4);
    }
}
