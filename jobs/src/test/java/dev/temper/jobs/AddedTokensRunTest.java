package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.spark.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.AddedTokens;
import dev.temper.text.NewToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens that a tokenizer has and its model has not, and tokens that both get by {@code model.add_tokens}. */
final class AddedTokensRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void writeRecipe() throws IOException {
        base = Files.createDirectory(folder.resolve("base"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(SmallRun.BASE.resolve(file), base.resolve(file));
        }
        StringBuilder csv = new StringBuilder("prompt,completion\n");
        for (int day = 10; day < 26; day++) {
            csv.append("Date: %d March 2024 ->,<iso> 2024-03-%d\n".formatted(day, day));
        }
        Files.writeString(folder.resolve("train.csv"), csv);
        Files.writeString(
                folder.resolve("recipe.yaml"),
                """
                model: {base: @/base}
                data: {train: @/train.csv, chat_template: none, max_length: 64}
                training: {max_steps: 2, batch_size: 4, learning_rate: 1.0e-2}
                output: @/output
                """
                        .replace("@", folder.toString()));
    }

    @Test
    void aRowWithATokenThatTheModelLacksIsRejected() throws Exception {
        addToTokenizer("<image>");
        Files.writeString(
                folder.resolve("train.csv"), "Date: 1 May 2024 ->,<image>\n", StandardOpenOption.APPEND);

        Ended ended = run("data.max_rejected_fraction=0.1");

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("the tokenizer has 513 tokens and the model rows for 512: a row with one of the others is"
                        + " rejected");
        assertThat(manifest("output").path("rows").toString())
                .isEqualTo("{\"in\":17,\"trained\":16,\"evaluated\":0,\"rejected\":{\"unknown_token\":1}}");
        assertThat(run("output=" + folder.resolve("strict")).err())
                .startsWith("temper: data: 1 of 17 rows are rejected, more than data.max_rejected_fraction 0.01 allows:"
                        + " unknown_token 1")
                .contains("it contains <image>, token 512, and the model has rows for 512 tokens only");
    }

    @Test
    void aPromptWithATokenThatTheModelLacksIsRefused() throws Exception {
        addToTokenizer("<image>");

        Ended ended = run("generation.prompts=['a <image>']");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo("temper: generation.prompts: 'a <image>' cannot be continued: it contains <image>, token 512, and"
                                + " the model has rows for 512 tokens only; leave that token out\n");
        assertThat(folder.resolve("output")).doesNotExist();
    }

    private void addToTokenizer(String token) throws IOException {
        AddedTokens added = new AddedTokens(List.of(NewToken.of(token)));
        for (Map.Entry<String, String> file : added.changes(Folder.local(base)).entrySet()) {
            Files.writeString(base.resolve(file.getKey()), file.getValue());
        }
    }

    private Ended run(String... overrides) {
        String[] start = {"run", folder.resolve("recipe.yaml").toString()};
        return temper(Stream.of(start, overrides).flatMap(Stream::of).toArray(String[]::new));
    }

    private static Ended temper(String... arguments) {
        HadoopStore store = RunJob.store();
        return Ended.run(
                arguments,
                new RunCommand(store, recipe -> RunJob.run(recipe, List.of("0.1.0", "0123abc"))));
    }

    private JsonNode manifest(String output) throws IOException {
        return JSON.readTree(folder.resolve(output).resolve("manifest.json").toFile());
    }
}
