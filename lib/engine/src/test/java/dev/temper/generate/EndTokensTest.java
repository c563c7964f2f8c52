package dev.temper.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EndTokensTest {
    @TempDir
    Path folder;

    @Test
    void areThoseOfTheGenerationConfig() throws IOException {
        write("config.json", "{\"eos_token_id\": 2}");
        write("generation_config.json", "{\"eos_token_id\": [7, 5]}");
        assertThat(EndTokens.read(Folder.local(folder))).containsExactly(7, 5);
        write("generation_config.json", "{\"eos_token_id\": 9}");
        assertThat(EndTokens.read(Folder.local(folder))).containsExactly(9);
    }

    @Test
    void areThoseOfTheModelWithoutOne() throws IOException {
        assertThat(EndTokens.read(Folder.local(folder))).isEmpty();
        write("config.json", "{\"eos_token_id\": 4}");
        assertThat(EndTokens.read(Folder.local(folder))).containsExactly(4);
        write("config.json", "{\"eos_token_id\": [4, 11], \"text_config\": {\"eos_token_id\": 3}}");
        assertThat(EndTokens.read(Folder.local(folder))).containsExactly(4, 11);
        write("config.json", "{\"eos_token_id\": null, \"text_config\": {\"eos_token_id\": [3]}}");
        assertThat(EndTokens.read(Folder.local(folder))).containsExactly(3);
        write("config.json", "{}");
        assertThat(EndTokens.read(Folder.local(folder))).isEmpty();
    }

    @Test
    void namesAFileThatIsNoJson() throws IOException {
        write("config.json", "{\"eos");
        assertThatThrownBy(() -> EndTokens.read(Folder.local(folder)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("config.json is no JSON");
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
