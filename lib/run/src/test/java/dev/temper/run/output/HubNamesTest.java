package dev.temper.run.output;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.recipe.Recipe;
import dev.temper.recipe.RecipeFile;
import dev.temper.storage.Folder;
import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model card calls base and data, and under which license. */
final class HubNamesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "hub/models--acme--Tiny-1.5B/snapshots/0123abc, acme/Tiny-1.5B",
        "hub/models--gpt2/snapshots/0123abc, gpt2",
        "models/Tiny-1.5B, ",
        "models--acme--tiny, ",
    })
    void theCacheNamesTheBase(String place, String name) throws IOException {
        Folder base = Folder.local(Files.createDirectories(folder.resolve(place)));

        assertThat(HubNames.model(base).orElse(null)).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource({
        "acme/Tiny, acme/Tiny", // the folder is called so
        "acme/tiny, acme/tiny",
        "acme/other, ", // what it was made of
        "/home/berta/Tiny, ",
        "../models/Tiny, ",
        "Tiny, ",
        "acme/Tiny/, ",
    })
    void configJsonNamesTheOwnerOfAFolderOfThatName(String saved, String name) throws IOException {
        Path base = Files.createDirectories(folder.resolve("Tiny"));
        Files.writeString(base.resolve("config.json"), "{\"_name_or_path\": \"" + saved + "\"}");

        assertThat(HubNames.model(Folder.local(base)).orElse(null)).isEqualTo(name);
    }

    @Test
    void theBasesCardHasTheLicense() throws IOException {
        card("---\r\nlicense: other\r\nlicense_name: tiny-community\r\nlicense_link: LICENSE\r\ntags: [a]\r\n"
                + "---\r\n# Tiny");

        assertThat(license())
                .isEqualTo(Map.of("license", "other", "license_name", "tiny-community", "license_link", "LICENSE"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "# Tiny\nlicense: mit",
                "---\nlicense: mit",
                "---\nlicense: [mit, apache]\n---\n",
                "---\nlicense: *alias\n---\n",
                "---\nlicense: \"a\\nb\"\n---\n",
                "---\n: : :\n---\n",
                ""
            })
    void whatIsNoneIsLeftOut(String card) throws IOException {
        card(card);

        assertThat(license()).isEmpty();
    }

    @Test
    void theCacheNamesTheData() throws IOException {
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: nowhere}
                data: {train: [hub/datasets--acme--dates/snapshots/01ab/data/train.csv, more.csv]}
                output: output
                """);
        Recipe recipe =
                RecipeFile.read(new LocalStore(), folder.resolve("recipe.yaml").toString(), List.of());

        assertThat(HubNames.datasets(recipe)).containsExactly("acme/dates");
    }

    private void card(String text) throws IOException {
        Files.writeString(folder.resolve("README.md"), text);
    }

    private Map<String, String> license() throws IOException {
        return HubNames.license(Folder.local(folder));
    }
}
