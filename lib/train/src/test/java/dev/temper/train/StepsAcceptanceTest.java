package dev.temper.train;

import static dev.temper.model.GoldenModels.difference;
import static dev.temper.model.GoldenModels.floats;
import static dev.temper.model.GoldenModels.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.collective.Collective;
import dev.temper.kernel.Workspace;
import dev.temper.model.Differences;
import dev.temper.model.GoldenModels;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.storage.Folder;
import dev.temper.text.TokenRow;
import dev.temper.train.config.ClassWeights;
import dev.temper.train.objective.CausalRows;
import dev.temper.train.objective.ClassifiedRows;
import dev.temper.train.objective.HeadRows;
import dev.temper.train.objective.TrainingRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten updates of golden's tiny models, through the training loop, against torch's AdamW and transformers' schedule. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class StepsAcceptanceTest {
    /** Their gradient is zero in exact arithmetic: Adam makes steps of the rounding noise. */
    private static final String KEY_BIASES = ".*(c_attn|key|k_lin)\\.bias";

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalModels")
    void trainsAllWeightsAsTorchDoes(GoldenModels goldens, String model) throws Exception {
        JsonNode golden = goldens.json("models/" + model + "/steps.json");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel trained = TrainedModels.full(
                    workspace, goldens.root().resolve("models").resolve(model));

            assertTrained(model, trained, train(trained, golden, golden.path("batches")), golden);
        }
    }

    static Stream<Arguments> trainsClassifiersAsTorchDoes() {
        return GoldenModels.inEach("gpt2_seqcls", "llama_seqcls", "distilbert", "roberta"); // bert's rows are pairs
    }

    @ParameterizedTest
    @MethodSource
    void trainsClassifiersAsTorchDoes(GoldenModels goldens, String model) throws Exception {
        JsonNode golden = goldens.json("models/" + model + "/steps.json");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel trained = TrainedModels.full(
                    workspace, goldens.root().resolve("models").resolve(model));
            List<HeadRows.Row> rows = new ArrayList<>();
            golden.path("batches")
                    .forEach(batch -> batch.forEach(row -> rows.add(new HeadRows.Row(
                            ints(row.path("input_ids")), row.path("labels").asInt()))));
            List<String> labels = trained.network()
                    .architecture()
                    .classifier()
                    .orElseThrow()
                    .task()
                    .labels();

            Curve curve =
                    train(trained, golden, ClassifiedRows.of(rows, List.of(), labels, ClassWeights.of(List.of())));

            assertTrained(model, trained, curve, golden);
        }
    }

    private static void assertTrained(String model, TrainedModel trained, Curve curve, JsonNode golden) {
        assertCurve(Differences.of(model), curve, golden);
        assertDecay(trained.parameters(), golden);
        for (TrainedParameters.Spec spec : trained.parameters().specs()) {
            JsonNode expected = golden.path("final_weights").path(spec.name());
            assertWeights(trained.parameters().weight(spec.name()).toFloatArray(), spec, expected);
        }
        assertThat(golden.path("final_weights"))
                .hasSameSizeAs(trained.parameters().specs());
    }

    @ParameterizedTest
    @MethodSource("dev.temper.model.GoldenModels#causalAdapters")
    void trainsAdaptersAsPeftDoes(GoldenModels goldens, String model, String variant) throws Exception {
        Path folder = goldens.root().resolve("lora").resolve(model).resolve(variant);
        JsonNode golden = goldens.json("lora/" + model + "/" + variant + "/steps.json");
        JsonNode batches = goldens.json("models/" + model + "/steps.json").path("batches");
        try (Workspace workspace = Workspace.open(1)) {
            TrainedModel trained = TrainedModels.withAdapter(
                    workspace,
                    goldens.root().resolve("models").resolve(model),
                    Folder.local(folder.resolve("adapter_init")));

            Curve curve = train(trained, golden, batches);

            Differences found = Differences.of(model + "/" + variant);
            assertCurve(found, curve, golden);
            assertDecay(trained.parameters(), golden);
            TensorFiles last = TensorFiles.open(folder.resolve("adapter_final"), "adapter_model");
            for (String name : last.index().names()) {
                double difference = difference(trained.parameters().weight(name), floats(last, name));
                found.check("ten steps: weights", difference, 1e-4);
            }
        }
    }

    private static Curve train(TrainedModel model, JsonNode golden, JsonNode batches) throws Exception {
        List<TokenRow> rows = new ArrayList<>();
        batches.forEach(batch ->
                batch.forEach(row -> rows.add(TokenRow.of(ints(row.path("input_ids")), ints(row.path("labels"))))));
        return train(model, golden, CausalRows.unpacked(rows, List.of()));
    }

    private static Curve train(TrainedModel model, JsonNode golden, TrainingRows rows) throws Exception {
        JsonNode settings = golden.path("settings");
        Settings own = new Settings();
        own.steps = settings.path("steps").asInt();
        own.warmupSteps = settings.path("warmup_steps").asInt();
        own.learningRate = settings.path("lr").asDouble();
        return Curve.of(model, rows, own.config(), Collective.alone());
    }

    private static void assertCurve(Differences found, Curve curve, JsonNode golden) {
        double[] losses = curve.values("train/loss");
        double[] norms = curve.values("train/grad_norm");
        double[] rates = curve.values("train/learning_rate");
        assertThat(losses).hasSize(golden.path("steps").size());
        for (int i = 0; i < losses.length; i++) {
            JsonNode step = golden.path("steps").path(i);
            double loss = step.path("loss").asDouble();
            double norm = step.path("grad_norm").asDouble();
            found.checkRelative("ten steps: loss", losses[i], loss, 1e-4);
            found.checkRelative("ten steps: gradient norm", norms[i], norm, 1e-4);
            assertThat(rates[i])
                    .as("learning rate %d", i)
                    .isCloseTo(step.path("lr").asDouble(), within(1e-12));
        }
    }

    private static void assertDecay(TrainedParameters parameters, JsonNode golden) {
        for (boolean isDecayed : new boolean[] {true, false}) {
            Set<String> expected = new TreeSet<>();
            golden.path(isDecayed ? "weight_decay_on" : "no_weight_decay_on")
                    .forEach(name -> expected.add(nameInFile(name.asText())));
            assertThat(parameters.specs().stream()
                            .filter(spec -> spec.isDecayed() == isDecayed)
                            .map(TrainedParameters.Spec::name)
                            .collect(Collectors.toSet()))
                    .isEqualTo(expected);
        }
    }

    /** What PEFT calls a parameter in a file, from its name in memory. */
    private static String nameInFile(String name) {
        return name.replace("lora_magnitude_vector.default.weight", "lora_magnitude_vector")
                .replace(".modules_to_save.default.", ".")
                .replace(".default.", ".");
    }

    private static void assertWeights(float[] actual, TrainedParameters.Spec spec, JsonNode expected) {
        double sum = 0;
        double squares = 0;
        for (float value : actual) {
            sum += value;
            squares += (double) value * value;
        }
        String name = spec.name();
        assertThat(ints(expected.path("shape")))
                .as(name)
                .containsExactly(LongStream.of(spec.shape().getShape())
                        .mapToInt(Math::toIntExact)
                        .toArray());
        if (name.matches(KEY_BIASES)) {
            return;
        }
        assertThat(Math.sqrt(squares)).as(name).isCloseTo(expected.path("l2").asDouble(), within(1e-4));
        assertThat(sum).as(name).isCloseTo(expected.path("sum").asDouble(), within(1e-3));
        for (int i = 0; i < expected.path("first").size(); i++) {
            assertThat((double) actual[i])
                    .as(name)
                    .isCloseTo(expected.path("first").path(i).asDouble(), within(1e-4));
        }
    }
}
