package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} on a base with a token that is no number: what is skipped is said, and nothing else is done. */
final class SkippedUpdatesRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private SmallClassifier setup;

    @BeforeEach
    void write() throws IOException {
        setup = SmallClassifier.write(folder);
        JsonNode vocabulary =
                JSON.readTree(folder.resolve("base/tokenizer.json").toFile()).at("/model/vocab");
        breakToken(vocabulary.get("~").asInt());
        Files.writeString(folder.resolve("some.csv"), texts(10));
        Files.writeString(folder.resolve("all.csv"), texts(1));
    }

    private void breakToken(int id) throws IOException {
        TensorFiles files = TensorFiles.open(folder.resolve("base"), "model");
        SafetensorsFile broken = new SafetensorsFile();
        for (TensorInfo tensor : files.index().tensors().values()) {
            ByteBuffer values = files.bytes(tensor.name());
            float[] floats = new float[values.remaining() / Float.BYTES];
            values.asFloatBuffer().get(floats);
            if (tensor.name().equals("model.embed_tokens.weight")) {
                floats[id * 12] = Float.NaN;
            }
            broken.add(tensor.name(), tensor.shape(), floats);
        }
        broken.write(folder.resolve("base/model.safetensors"));
    }

    /** 24 rows, every so many of them with the broken token. */
    private static String texts(int every) {
        StringBuilder csv = new StringBuilder("text,label\n");
        for (int row = 1; row <= 24; row++) {
            csv.append("Day %d%s,%s\n".formatted(row, row % every == 0 ? " ~" : "", row % 3 == 0 ? "yes" : "no"));
        }
        return csv.toString();
    }

    private Ended run(String train) {
        return setup.temper(
                "run",
                "@/recipe.yaml",
                "data.train=@/" + train,
                "data.eval=@/texts.csv",
                "data.eval_fraction=0",
                "training.num_train_epochs=1",
                "training.shuffle=false");
    }

    @Test
    void consoleManifestReportAndCardSayIt() throws Exception {
        Ended ended = run("some.csv");

        String said = "2 of 3 updates were skipped: their gradients were not finite";
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.out())
                .contains("update 2 is skipped, no weight changes", "update 3 is skipped", "skipped     " + said);
        JsonNode manifest = JSON.readTree(folder.resolve("output/manifest.json").toFile());
        assertThat(manifest.path("skipped_steps").asInt()).isEqualTo(2);
        assertThat(manifest.path("status").asText()).isEqualTo("finished");
        assertThat(Files.readString(folder.resolve("output/report.html"))).contains("<li>" + said, "skipped");
        assertThat(Files.readString(folder.resolve("output/model/README.md"))).contains(said);
    }

    @Test
    void aRunThatTrainedNothingIsAFailure() throws Exception {
        for (int attempt = 0; attempt < 2; attempt++) {
            Ended ended = run("all.csv");

            assertThat(ended.code()).isEqualTo(1);
            assertThat(ended.err()).contains("nothing was trained: the gradient was not finite in any of the first 3");
            assertThat(Files.readString(folder.resolve("output/manifest.json"))).doesNotContain("finished");
            assertThat(folder.resolve("output/model")).doesNotExist();
        }
    }
}
