package dev.temper.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import dev.temper.check.InvalidInputException;
import dev.temper.model.Architecture;
import dev.temper.model.Parameter;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names of a config against the modules of a model, as PEFT matches them. */
final class LoraTargetsTest {
    @TempDir
    Path folder;

    /** A config whose settings a test changes. */
    private static final class Settings {
        private List<String> targets = List.of("q_proj", "down_proj");
        private List<String> excluded = List.of();
        private List<Integer> layers = List.of();
        private Map<String, Integer> ranks = Map.of();
        private Map<String, Double> alphas = Map.of();
        private boolean isRslora;
        private List<String> saved = List.of();

        LoraConfig config() {
            return new LoraConfig(
                    "lora",
                    4,
                    8,
                    0,
                    targets,
                    excluded,
                    layers,
                    ranks,
                    alphas,
                    isRslora,
                    false,
                    saved,
                    true,
                    List.of(),
                    Optional.empty());
        }
    }

    private LoraTargets targets(TinyModel model, Consumer<Settings> change) throws Exception {
        Settings settings = new Settings();
        change.accept(settings);
        model.weights(folder);
        return LoraTargets.of(PeftConfig.of(settings.config()), Architecture.read(Folder.local(folder)));
    }

    private static List<String> modules(LoraTargets targets) {
        return targets.updated().stream()
                .map(target -> target.parameter().module().replaceFirst("model\\.layers\\.", ""))
                .toList();
    }

    @Test
    void namesAreEndsOfModules() throws Exception {
        LoraTargets targets = targets(TinyModel.LLAMA, settings -> {});

        assertThat(modules(targets))
                .containsExactly(
                        "0.self_attn.q_proj",
                        "0.mlp.down_proj",
                        "1.self_attn.q_proj",
                        "1.mlp.down_proj",
                        "2.self_attn.q_proj",
                        "2.mlp.down_proj");
    }

    @Test
    void aNameMeansItInEveryBlock() throws Exception {
        LoraTargets targets = targets(TinyModel.GPT2, settings -> settings.targets = List.of("c_proj"));

        assertThat(targets.updated())
                .extracting(target -> target.parameter().module())
                .containsExactly(
                        "transformer.h.0.attn.c_proj",
                        "transformer.h.0.mlp.c_proj",
                        "transformer.h.1.attn.c_proj",
                        "transformer.h.1.mlp.c_proj");
        assertThat(targets.specs().get(2).shape()).isEqualTo(new Shape(4, 28)); // (R, I), however it is stored
    }

    @Test
    void leavesOutLayersAndModules() throws Exception {
        LoraTargets targets = targets(TinyModel.LLAMA, settings -> {
            settings.layers = List.of(0, 2);
            settings.excluded = List.of("layers.0.self_attn.q_proj");
        });

        assertThat(modules(targets)).containsExactly("0.mlp.down_proj", "2.self_attn.q_proj", "2.mlp.down_proj");
    }

    @Test
    void aPatternGivesARankAndAnAlphaOfItsOwn() throws Exception {
        LoraTargets targets = targets(TinyModel.LLAMA, settings -> {
            settings.ranks = Map.of("layers\\.[12]\\..*q_proj", 9);
            settings.alphas = Map.of("down_proj", 3.0);
            settings.isRslora = true;
        });

        assertThat(targets.updated()).extracting(LoraTarget::rank).containsExactly(4, 4, 9, 4, 9, 4);
        assertThat(targets.updated())
                .extracting(LoraTarget::scale)
                .containsExactly(4.0, 1.5, 8.0 / 3, 1.5, 8.0 / 3, 1.5);
    }

    @Test
    void aPatternWithManyWaysTakesNoTime() throws Exception {
        String ways = "(.*)".repeat(20);
        LoraTargets targets = targets(TinyModel.LLAMA, settings -> {
            settings.ranks = Map.of(ways + "nowhere", 9, ways + "1" + ways + "q_proj", 7);
            settings.alphas = Map.of("(?!.*mlp).*proj", 3.0);
        });

        assertThat(targets.updated()).extracting(LoraTarget::rank).containsExactly(4, 4, 7, 4, 4, 4);
        assertThat(targets.updated())
                .extracting(LoraTarget::scale)
                .containsExactly(3.0 / 4, 3.0 / 4, 3.0 / 7, 3.0 / 4, 3.0 / 4, 3.0 / 4); // the end alone is looked at
    }

    @Test
    void moreEntriesThanAModelHasModulesAreRefused() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        for (int i = 0; i < 100_000; i++) {
            ranks.put("layers." + i + ".q_proj", 8);
        }
        assertThatThrownBy(() -> targets(TinyModel.LLAMA, settings -> settings.ranks = ranks))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("adapter.rank_pattern: its 100000 entries are too many: write fewer");
    }

    @Test
    void whatIsSavedIsNotAdapted() throws Exception {
        LoraTargets targets = targets(TinyModel.LLAMA_TIED_WITH_BIASES, settings -> settings.saved = List.of("mlp"));

        assertThat(modules(targets)).containsExactly("0.self_attn.q_proj", "1.self_attn.q_proj");
        assertThat(targets.saved())
                .extracting(Parameter::name)
                .hasSize(12)
                .contains("model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.down_proj.bias");
        assertThat(targets.specs().get(4).name()).isEqualTo("base_model.model.model.layers.0.mlp.gate_proj.weight");
    }

    @Test
    void endsOfSavedNamesNeedNoDot() throws Exception {
        LoraTargets targets = targets(TinyModel.QWEN3, settings -> settings.saved = List.of("norm"));

        assertThat(targets.saved())
                .allMatch(parameter -> parameter.kind() == Parameter.Kind.NORM)
                .hasSize(9);
    }

    /** What is wrong, and the message after "adapter.". */
    private static final String MISTAKES =
            """
            layers | layers_to_transform: there is no layer 2, the model has 2
            targets | target_modules: qproj matches no projection of a llama model; it has [down_proj, gate_proj, \
            k_proj, o_proj, q_proj, up_proj, v_proj]
            excluded | exclude_modules: qproj matches no projection of a llama model; it has [down_proj, gate_proj, \
            k_proj, o_proj, q_proj, up_proj, v_proj]
            all excluded | target_modules: nothing is left of it to adapt
            ranks | rank_pattern: more than one entry matches model.layers.0.self_attn.q_proj; write them so that \
            one does
            alphas | alpha_pattern: *q is no regular expression: nothing to repeat
            saved | modules_to_save: lmhead matches no module of a llama model; it has [down_proj, embed_tokens, \
            gate_proj, input_layernorm, k_proj, norm, o_proj, post_attention_layernorm, q_proj, up_proj, v_proj]
            tied | modules_to_save: lm_head: the embedding and the output head of this model are one, and PEFT \
            would train one of them alone; leave it out
            """;

    @ParameterizedTest
    @CsvSource(textBlock = MISTAKES, delimiter = '|', quoteCharacter = '`')
    void namesWhatDoesNotFit(String what, String message) {
        assertThatThrownBy(() -> targets(TinyModel.LLAMA_TIED_WITH_BIASES, settings -> {
                    switch (what) {
                        case "layers" -> settings.layers = List.of(2);
                        case "targets" -> settings.targets = List.of("qproj");
                        case "excluded" -> settings.excluded = List.of("qproj");
                        case "all excluded" -> settings.excluded = settings.targets;
                        case "ranks" -> settings.ranks = Map.of("q_proj", 2, "layers.0.*", 3);
                        case "alphas" -> settings.alphas = Map.of("*q", 2.0);
                        case "saved" -> settings.saved = List.of("lmhead");
                        default -> settings.saved = List.of("lm_head");
                    }
                }))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("adapter." + message);
    }
}
