package dev.temper.check;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PrintableTest {
    @ParameterizedTest
    @CsvSource({
        "ESC, a\u001b[31mb, a\\u001b[31mb",
        "OSC 8 and BEL, '\u001b]8;;http://x\u0007y', \\u001b]8;;http://x\\u0007y",
        "CSI of C1, a\u009b2Jb, a\\u009b2Jb",
        "NEL, a\u0085b, a\\u0085b",
        "DEL, a\u007fb, a\\u007fb",
        "right to left override, a\u202egpj.exe, a\\u202egpj.exe",
        "isolates, \u2067a\u2069, \\u2067a\\u2069",
        "marks of direction, a\u200f\u061cb, a\\u200f\\u061cb",
        "zero width space, a\u200bb, a\\u200bb",
        "joiners between Latin letters, a\u200db\u200cc, a\\u200db\\u200cc",
        "byte order mark, a\ufeffb, a\\ufeffb",
        "soft hyphen, a\u00adb, a\\u00adb",
        "line separators, a\u2028b\u2029c, a\\u2028b\\u2029c",
        "tags, a\udb40\udc41b, a\\udb40\\udc41b",
        "half a character, a\ud83db, a\\ud83db",
        "no character, a\uffffb, a\\uffffb",
    })
    void whatATerminalWouldObeyIsWrittenOut(String name, String text, String expected) {
        assertThat(Printable.line(text)).isEqualTo(expected);
        assertThat(Printable.lines(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain ~!\\",
                "Größe, e\u0301, Ünï",
                "漢字 かな 한국어",
                "שלום, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
                "\u0915\u094d\u200d\u0937",
                "😀 👍🏽 ❤\ufe0f 👩\u200d👩\u200d👧 👩🏽\u200d💻",
                "€ ∑ \u00a0\u3000",
            })
    void whatCanBeSeenStays(String text) {
        assertThat(Printable.line(text)).isEqualTo(text);
    }

    @Test
    void aParserDoesNotRepeatTheText() {
        assertThat(Printable.parserMessage("Unexpected end-of-input: expected close marker for Array (start marker at"
                        + " [Source: (String)\"[{\"password\": 1}\"; line: 1, column: 1])"))
                .isEqualTo("Unexpected end-of-input: expected close marker for Array");
        assertThat(Printable.parserMessage("Unexpected character ('x' (code 120))"))
                .isEqualTo("Unexpected character ('x' (code 120))");
    }

    @Test
    void linesAreKeptOnlyWhereThereMayBeSome() {
        assertThat(Printable.line("a\r\nb\tc\nd")).isEqualTo("a\\r\\nb\\tc\\nd");
        assertThat(Printable.lines("a\r\nb\tc\nd\re")).isEqualTo("a\nb\tc\nd\\re");
    }
}
