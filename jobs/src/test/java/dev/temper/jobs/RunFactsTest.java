package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.recipe.YamlText;
import dev.temper.storage.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What report and model card say of a run: what people ask first. */
@Tag("spark")
final class RunFactsTest {
    @TempDir
    private static Path folder;

    private static Path output;
    private static String report;
    private static String card;

    @BeforeAll
    static void run() throws Exception {
        Path recipe = KilledSetup.write(folder);
        Path cached = folder.resolve("hub/models--acme--Tiny/snapshots/0a1b");
        Files.createDirectories(cached.getParent());
        Files.move(folder.resolve("base"), cached);
        Files.writeString(cached.resolve("README.md"), "---\nlicense: mit\n---\n# Tiny\n");
        output = folder.resolve("output");

        Ended ended = KilledSetup.run(
                recipe,
                output.toString(),
                "model.base=" + cached,
                "model.quantization={}",
                "adapter={r: 4, target_modules: [q_proj, v_proj]}",
                "training.gradient_checkpointing=true",
                "generation.eval_prompts=2");

        assertThat(ended.code()).as(ended.err()).isZero();
        report = Files.readString(output.resolve("report.html"));
        card = Files.readString(output.resolve("adapter/README.md"));
    }

    @Test
    void reportAndCardHaveWhatPeopleAskFirst() throws Exception {
        String sha256 = Folder.local(folder).sha256("rows.csv");

        for (String text : List.of(
                "LoRA, r 4, lora_alpha 16, lora_dropout 0, on q_proj, v_proj",
                "nf4, double quantization",
                "0.01, linear",
                "4 rows an update, of at most 32 tokens each",
                "rows.csv, SHA-256 " + sha256,
                "rows of the training data",
                "19 rows = ",
                "of the evaluation rows",
                " cores, ",
                ", Java ",
                "began 2",
                "test commit")) {
            assertThat(report).contains(text);
            assertThat(card.replace("\\_", "_")).contains(text);
        }
        assertThat(report).doesNotContain(folder.toString());
        assertThat(card).doesNotContain(folder.toString());
    }

    @Test
    void theManifestHasTheHashes() throws Exception {
        JsonNode manifest =
                new ObjectMapper().readTree(output.resolve("manifest.json").toFile());

        assertThat(manifest.at("/files/sha256").size()).isOne();
        assertThat(manifest.at("/files/sha256").elements().next().textValue())
                .isEqualTo(Folder.local(folder).sha256("rows.csv"));
    }

    @Test
    void theFrontMatterIsTheHubs() {
        JsonNode keys = YamlText.parse(card.substring(4, card.indexOf("\n---\n", 4)), "card");

        assertThat(keys.path("base_model").textValue()).isEqualTo("acme/Tiny");
        assertThat(keys.path("base_model_relation").textValue()).isEqualTo("adapter");
        assertThat(keys.path("license").textValue()).isEqualTo("mit");
        assertThat(keys.path("library_name").textValue()).isEqualTo("peft");
        assertThat(keys.path("pipeline_tag").textValue()).isEqualTo("text-generation");
        assertThat(keys.path("metrics").toString()).isEqualTo("[\"perplexity\",\"exact_match\"]");
        assertThat(keys.has("datasets")).as("rows.csv is on no Hub").isFalse();
    }
}
