package dev.temper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GoldenTest {
    private static final String HEADER =
            """
            {"__metadata__":{"format":"pt"},
             "a.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
             "half":{"data_offsets":[8,16],"shape":[4],"dtype":"F16"},
             "brain":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]},
             "ids":{"dtype":"I64","shape":[],"data_offsets":[18,26]},
             "mask":{"dtype":"BOOL","shape":[2],"data_offsets":[26,28]}}
            """;

    @TempDir
    private Path folder;

    @Test
    void readsEveryType() throws Exception {
        Golden golden = Golden.read(file());

        assertThat(golden.names()).containsExactly("a.weight", "half", "brain", "ids", "mask");
        assertThat(golden.tensor("a.weight").dtype()).isEqualTo("F32");
        assertThat(golden.tensor("a.weight").shape()).containsExactly(2, 1);
        assertThat(golden.tensor("a.weight").floats()).containsExactly(1.5f, -2f);
        assertThat(golden.tensor("half").floats()).containsExactly(1f, -0.5f, 0x1p-24f, Float.NEGATIVE_INFINITY);
        assertThat(golden.tensor("brain").floats()).containsExactly(-1f);
        assertThat(golden.tensor("ids").shape()).isEmpty();
        assertThat(golden.tensor("ids").longs()).containsExactly(-7);
        assertThat(golden.tensor("mask").longs()).containsExactly(1, 0);
    }

    @Test
    void reportsAMissingTensorByName() throws Exception {
        Golden golden = Golden.read(file());

        assertThatThrownBy(() -> golden.tensor("b.weight")).hasMessageContainingAll("b.weight", "a.weight");
    }

    private Path file() throws Exception {
        byte[] header = HEADER.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 28).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        bytes.putFloat(1.5f).putFloat(-2f);
        bytes.putShort((short) 0x3c00)
                .putShort((short) 0xb800)
                .putShort((short) 1)
                .putShort((short) 0xfc00);
        bytes.putShort((short) 0xbf80).putLong(-7).put((byte) 1).put((byte) 0);
        return Files.write(folder.resolve("golden.safetensors"), bytes.array());
    }
}
