package dev.temper.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class TextTableTest {
    @Test
    void alignsColumnsAndWrapsLongCells() {
        String table = new TextTable(10, "prompt", "answer")
                .add("two words more", "abcdefghijklmn")
                .add("a\nb", 7)
                .toString();

        assertThat(table)
                .isEqualTo(
                        """
                        prompt     answer
                        ---------  ----------
                        two words  abcdefghij
                        more       klmn
                        a⏎b        7
                        """);
    }

    @Test
    void theWidestColumnsGiveWayToATerminal() {
        TextTable table = new TextTable(44, "prompt", "before", "after")
                .add("Date: the 1st of August", "no such date as this", "1957")
                .add("x", "y", "a word and another one");

        for (int columns : new int[] {40, 50, 80, 200}) {
            assertThat(table.toString(columns).lines()).allMatch(line -> line.length() <= columns);
        }
        assertThat(table.toString(40).lines().toList().get(1)).isEqualTo("---------  ------------  -----------");
        assertThat(table.toString(80)).isEqualTo(table.toString(Integer.MAX_VALUE));
        assertThat(table.toString(10).lines().toList().get(1)).isEqualTo("-------  -------  -------");
    }

    @Test
    void neverPrintsControlCharacters() {
        String table = new TextTable(30, "x\u202e").add("a\u001b[31m\tb\r\nc\r").toString();

        assertThat(table).isEqualTo("x\\u202e\n-----------------\na\\u001b[31m b⏎c\\r\n");
    }

    @Test
    void doesNotCutACharacterOfTwoUnitsInHalf() {
        assertThat(new TextTable(2, "x").add("😀😀😀").toString()).isEqualTo("x\n--\n😀😀\n😀\n");
    }

    @Test
    void refusesARowOfAnotherLength() {
        assertThatThrownBy(() -> new TextTable(5, "a", "b").add("x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1 cells for 2 columns");
    }
}
