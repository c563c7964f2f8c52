package dev.temper.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are cut off, or whose headers lie, are refused before anything is computed. */
final class DamagedFileTest {
    private static final String INDEX = "model.safetensors.index.json";

    /** Entries of a header before 16 bytes of data (name, dtype, shape, offsets), and the message about them. */
    private static final String ENTRIES =
            """
            a F32 [4] [0,8]                          | a F32 [4] does not fit its 8 bytes
            a F32 [2] [8,0]                          | a F32 [2] does not fit its -8 bytes
            a F32 [2] [-8,0]                         | its header puts a F32 [2] at byte
            a F32 [-2,-2] [0,16]                     | a F32 [-2, -2] does not fit its 16 bytes
            a F32 [4294967296,4294967296] [0,16]     | a F32 [4294967296, 4294967296] does not fit its 16 bytes
            a F32 ["two",2] [0,16]                   | a F32 [-1, 2] does not fit its 16 bytes
            a F32 [4] []                             | a F32 [4] does not fit its -1 bytes
            a F5 [4] [0,16]                          | a F5 [4] does not fit its 16 bytes
            a F32 [2] [0,8]; b F32 [3] [4,16]        | its header puts b F32 [3] at byte
            a F32 [2] [0,8]; b F32 [1] [12,16]       | its header puts b F32 [1] at byte
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(textBlock = ENTRIES, delimiter = '|', quoteCharacter = '`')
    void namesATensorThatCannotBe(String entries, String message) throws Exception {
        String header = Arrays.stream(entries.split("; "))
                .map(entry -> entry.split(" "))
                .map(e -> String.format(
                        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}", e[0], e[1], e[2], e[3]))
                .collect(Collectors.joining(",", "{", "}"));

        assertDamaged(header, " is damaged: " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":3} | is damaged: a  [] does not fit its -1 bytes",
                "{\"a\": | is damaged: its header is not JSON",
                "[] | is damaged: its header is not a JSON object",
                "{} | is cut off or damaged: it has 26 bytes, its header says 10"
            })
    void namesADamagedHeader(String header, String message) throws Exception {
        assertDamaged(header, " " + message);
    }

    private void assertDamaged(String header, String message) throws Exception {
        Files.write(folder.resolve("model.safetensors"), SafetensorsFile.bytes(header, new byte[16]));

        assertThatThrownBy(() -> TensorIndex.read(Folder.local(folder), "model"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve("model.safetensors") + message);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 7, 8, 9, 40, 69})
    void namesAFileThatIsCutOff(int length) throws Exception {
        byte[] whole = new SafetensorsFile().add("a", new long[] {2}, 1, 2).bytes();
        assertThat(whole.length).isGreaterThan(69);
        Files.write(folder.resolve("model.safetensors"), Arrays.copyOf(whole, length));

        assertThatThrownBy(() -> TensorIndex.read(Folder.local(folder), "model"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve("model.safetensors") + " is ")
                .hasMessageMatching(".*(cut off|its header cannot be).*");
    }

    @Test
    void namesAMissingShard() throws Exception {
        index("{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}}");
        new SafetensorsFile().add("a", new long[] {1}, 1).write(folder.resolve("one.safetensors"));

        assertLost("b", folder.resolve("two.safetensors") + " is missing, though " + INDEX + " lists it");
    }

    @Test
    void namesAShardThatDoesNotHoldItsTensor() throws Exception {
        index("{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"one.safetensors\"}}");
        new SafetensorsFile().add("a", new long[] {1}, 1).write(folder.resolve("one.safetensors"));

        assertLost("b", folder.resolve(INDEX) + " lists the tensor b in one.safetensors, which does not hold it");
    }

    /** What an index lists matters when it is needed. */
    private void assertLost(String name, String message) throws Exception {
        TensorIndex index = TensorIndex.read(Folder.local(folder), "model");
        assertThat(index.find(name)).isEmpty();
        assertThatThrownBy(() -> index.checkNotLost(name))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
        index.checkNotLost("a");
        index.checkNotLost("another");
    }

    /** As in transformers. */
    @Test
    void theLastOfTwoShardsCounts() throws Exception {
        index("{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}}");
        new SafetensorsFile().add("a", new long[] {1}, 1).write(folder.resolve("one.safetensors"));
        new SafetensorsFile()
                .add("a", new long[] {1}, 2)
                .add("b", new long[] {1}, 3)
                .write(folder.resolve("two.safetensors"));

        TensorFiles files = TensorFiles.open(folder, "model");

        assertThat(files.bytes("a").getFloat()).isEqualTo(2);
        assertThat(files.bytes("b").getFloat()).isEqualTo(3);
    }

    /** All types of the format; four bits and six are counted in bits. */
    @ParameterizedTest
    @CsvSource({
        "BOOL, 8",
        "U8, 8",
        "I8, 8",
        "F8_E4M3, 8",
        "F8_E5M2, 8",
        "F8_E8M0, 8",
        "F8_E4M3FNUZ, 8",
        "F8_E5M2FNUZ, 8",
        "F4, 4",
        "F6_E2M3, 6",
        "F6_E3M2, 6",
        "I16, 16",
        "U16, 16",
        "F16, 16",
        "BF16, 16",
        "I32, 32",
        "U32, 32",
        "F32, 32",
        "I64, 64",
        "U64, 64",
        "F64, 64",
        "C64, 64"
    })
    void everyTypeOfTheFormatIsNoDamage(String dtype, int bits) throws Exception {
        new SafetensorsFile()
                .add("a", dtype, new long[] {4, 3}, new byte[12 * bits / 8])
                .write(folder.resolve("model.safetensors"));

        assertThat(TensorIndex.read(Folder.local(folder), "model").find("a"))
                .hasValueSatisfying(tensor -> assertThat(tensor.dtype()).isEqualTo(dtype));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"weight_map\": {}} | is damaged: it has no weight_map",
                "{} | is damaged: it has no weight_map",
                "{\"weight_map\": | is damaged: it is not JSON ("
            })
    void namesADamagedIndex(String text, String message) throws Exception {
        index(text);

        assertThatThrownBy(() -> TensorIndex.read(Folder.local(folder), "model"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(folder.resolve(INDEX) + " " + message);
    }

    @Test
    void refusesPickles() throws Exception {
        Files.writeString(folder.resolve("pytorch_model.bin"), "pickle");

        assertRefused(folder.resolve("pytorch_model.bin")
                + " is a pickle, which can run code and is not read; convert the weights to safetensors");
    }

    @Test
    void namesAFolderWithoutWeights() {
        assertRefused(folder + " has no weights: there is no model.safetensors");
    }

    private void index(String text) throws Exception {
        Files.writeString(folder.resolve(INDEX), text);
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> TensorIndex.read(Folder.local(folder), "model"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(message);
    }
}
