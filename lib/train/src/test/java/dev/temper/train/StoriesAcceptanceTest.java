package dev.temper.train;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.collective.Collective;
import dev.temper.kernel.Workspace;
import dev.temper.model.GoldenModels;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.config.Schedule;
import dev.temper.train.objective.CausalRows;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Forty updates of a real model on real text, as users run them, against the same run by transformers and PEFT. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class StoriesAcceptanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path TRAIN = GoldenModels.open().root().resolve("train");
    static final Path BASE = GoldenModels.open().root().resolveSibling("fixtures/models/stories260K");

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#all")
    void fineTunesAllWeights(GoldenModels goldens) throws Exception {
        Path train = goldens.root().resolve("train");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel model = TrainedModels.full(workspace, BASE);

            assertCurve(model, curves(train).path("full"), rows(train));

            JsonNode weights = curves(train).path("full").path("final_weights");
            assertThat(model.parameters().specs()).hasSameSizeAs(weights).allSatisfy(spec -> {
                double norm = model.parameters().weight(spec.name()).norm().getFloat();
                assertThat(norm).isCloseTo(weights.path(spec.name()).path("l2").asDouble(), within(1e-3));
            });
        }
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#all")
    void fineTunesAnAdapter(GoldenModels goldens) throws Exception {
        Path train = goldens.root().resolve("train");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel model =
                    TrainedModels.withAdapter(workspace, BASE, Folder.local(train.resolve("adapter_init")));

            assertCurve(model, curves(train).path("lora"), rows(train));

            TensorFiles last = TensorFiles.open(train.resolve("adapter_final"), "adapter_model");
            for (String name : last.index().names()) {
                assertThat(difference(model.parameters().weight(name), floats(last, name)))
                        .as(name)
                        .isLessThan(1e-3);
            }
        }
    }

    private static void assertCurve(TrainedModel model, JsonNode golden, CausalRows rows) throws Exception {
        Settings settings = new Settings();
        settings.steps = 40;
        settings.batchSize = 8;
        settings.learningRate = golden.path("lr").asDouble();
        settings.schedule = Schedule.Type.COSINE;
        settings.warmupSteps = 4;
        settings.evalSteps = 10;

        Curve curve = Curve.of(model, rows, settings.config(), Collective.alone());

        double[] losses = curve.values("train/loss");
        double[] norms = curve.values("train/grad_norm");
        double[] rates = curve.values("train/learning_rate");
        assertThat(losses).hasSize(40);
        for (int i = 0; i < losses.length; i++) {
            JsonNode step = golden.path("steps").path(i);
            double norm = step.path("grad_norm").asDouble();
            assertThat(losses[i]).as("loss %d", i).isCloseTo(step.path("loss").asDouble(), within(1e-4));
            assertThat(norms[i]).as("gradient norm %d", i).isCloseTo(norm, within(1e-3 * norm));
            assertThat(rates[i])
                    .as("learning rate %d", i)
                    .isCloseTo(step.path("lr").asDouble(), within(1e-12));
        }
        assertThat(curve.steps("eval/loss")).containsExactly(0, 10, 20, 30, 40);
        double[] evaluated = curve.values("eval/loss");
        for (int i = 0; i < evaluated.length; i++) {
            double expected = golden.path("eval").path(i).path("loss").asDouble();
            assertThat(evaluated[i]).as("evaluation %d", i).isCloseTo(expected, within(1e-4));
        }
    }

    /** The rows in the order in which the reference took them. */
    static CausalRows rows() throws IOException {
        return rows(TRAIN);
    }

    private static CausalRows rows(Path folder) throws IOException {
        List<TokenRow> train = new ArrayList<>();
        List<TokenRow> eval = new ArrayList<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(unzipped(folder, "rows.jsonl.gz"), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode row = JSON.readTree(line);
                int[] ids = ints(row.path("input_ids"));
                (row.path("split").asText().equals("train") ? train : eval).add(TokenRow.of(ids, ids));
            }
        }
        List<TokenRow> ordered = new ArrayList<>();
        curves(folder).path("order").forEach(batch -> batch.forEach(index -> ordered.add(train.get(index.asInt()))));
        return CausalRows.unpacked(ordered, eval);
    }

    private static JsonNode curves(Path folder) throws IOException {
        try (InputStream in = unzipped(folder, "curves.json.gz")) {
            return JSON.readTree(in);
        }
    }

    private static InputStream unzipped(Path folder, String file) throws IOException {
        return new GZIPInputStream(Files.newInputStream(folder.resolve(file)));
    }
}
