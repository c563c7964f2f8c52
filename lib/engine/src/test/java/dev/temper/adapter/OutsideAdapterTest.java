package dev.temper.adapter;

import static dev.temper.adapter.OutsideAdapter.PREFIX;
import static dev.temper.adapter.OutsideAdapter.TEXT;
import static dev.temper.model.GoldenModels.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.check.InvalidInputException;
import dev.temper.generate.GenerationConfig;
import dev.temper.generate.Generator;
import dev.temper.kernel.Workspace;
import dev.temper.model.Backpropagation;
import dev.temper.model.LabelledStream;
import dev.temper.model.ModelTask;
import dev.temper.model.Network;
import dev.temper.model.Parameter;
import dev.temper.model.TinyModel;
import dev.temper.model.TrainedParameters;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import dev.temper.storage.Folder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What only adapters from outside have: updates of embeddings and heads, biases, rows beside the updates. The reference
 * is a base whose weights are computed here, in double precision, and which is then used and trained without an
 * adapter.
 */
final class OutsideAdapterTest {
    @TempDir
    Path disk;

    private Workspace workspace;
    private OutsideAdapter outside;

    @BeforeEach
    void open() {
        workspace = Workspace.open(1);
    }

    @AfterEach
    void close() {
        workspace.close();
    }

    private void base(TinyModel model) throws Exception {
        outside = OutsideAdapter.over(model, disk, workspace);
    }

    /** The adapter over the base, merged into it, saved by us and loaded again: all as the expected base. */
    private AdaptedModel assertComputes(int tokens) throws Exception {
        AdaptedModel model = outside.adapted();
        outside.expected(tokens);
        try (Network whole = Network.open(workspace, disk.resolve("expected"))) {
            float[] expected = OutsideAdapter.logits(whole);
            assertThat(OutsideAdapter.logits(model.network())).containsExactly(expected, within(2e-5f));
            Folder saved = Folder.local(disk.resolve("saved"));
            model.adapter().save(saved, "base");
            AdaptedModel again = AdaptedModel.load(workspace, disk.resolve("base"), ModelTask.causalLm(), saved);
            assertThat(OutsideAdapter.logits(again.network())).isEqualTo(OutsideAdapter.logits(model.network()));
            assertThat(OutsideAdapter.logits(outside.merged())).containsExactly(expected, within(2e-5f));
        }
        return model;
    }

    @ParameterizedTest
    @EnumSource
    void updatesOfEmbeddingAndHeadAreThoseOfTheirMatrices(TinyModel model) throws Exception {
        base(model);
        outside.target(
                outside.base().tokenEmbedding(),
                outside.head(),
                outside.parameter(model.targets().get(0) + ".weight"));

        assertComputes(outside.base().sizes().vocabulary());
    }

    @ParameterizedTest
    @EnumSource
    void generationSeesTheUpdatesOfEmbeddingAndHead(TinyModel model) throws Exception {
        base(model);
        outside.target(outside.base().tokenEmbedding(), outside.head());
        Network adapted = outside.adapted().network();
        outside.expected(outside.base().sizes().vocabulary());
        List<int[]> prompts = List.of(TEXT, new int[] {8, 2, 21});

        try (Network whole = Network.open(workspace, disk.resolve("expected"));
                Network plain = Network.open(workspace, disk.resolve("base"))) {
            List<int[]> expected = greedy(whole, prompts);
            assertThat(greedy(adapted, prompts)).containsExactlyElementsOf(expected);
            assertThat(greedy(plain, prompts).get(0)).isNotEqualTo(expected.get(0));
        }
    }

    private static List<int[]> greedy(Network network, List<int[]> prompts) {
        return new Generator(network).generate(prompts, GenerationConfig.greedy(9), Set.of(), 0);
    }

    @ParameterizedTest
    @EnumSource
    void anUpdateOfATiedEmbeddingDoesNotReachTheHead(TinyModel model) throws Exception {
        base(model);
        outside.target(outside.base().tokenEmbedding());

        assertComputes(outside.base().sizes().vocabulary());
    }

    @ParameterizedTest
    @CsvSource({"GPT2", "LLAMA_TIED_WITH_BIASES"})
    void theBiasOfAnUpdateIsScaledWithIt(TinyModel model) throws Exception {
        base(model);
        Parameter target = outside.parameter(model.targets().get(0) + ".weight");
        outside.target(target);
        outside.config().put("lora_bias", true);
        outside.add(target.module() + ".lora_B.bias", target.outputs());

        AdaptedModel adapted = assertComputes(outside.base().sizes().vocabulary());

        Backpropagation.recording(adapted.network()).accumulate(LabelledStream.of(TinyModel.rows(4)), 1);
        String name = PREFIX + target.module() + ".lora_B.bias";
        assertThat(adapted.adapter().parameters().gradient(name).toFloatArray()).doesNotContain(0f);
    }

    @Test
    void anUpdateWithABiasCannotBeMergedIntoAModuleWithoutOne() throws Exception {
        base(TinyModel.LLAMA);
        Parameter target = outside.parameter("layers.1.self_attn.v_proj.weight");
        outside.target(target);
        outside.config().put("lora_bias", true);
        outside.add(target.module() + ".lora_B.bias", target.outputs());
        outside.adapted();

        assertThatThrownBy(outside::merged)
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("lora_bias: model.layers.1.self_attn.v_proj has no bias that the update's could be added "
                        + "to, so it cannot be merged");
    }

    /** PEFT wraps what has an update: its bias has another name there. */
    @Test
    void allBiasesComeWithTheAdapterAndAreTrained() throws Exception {
        base(TinyModel.GPT2);
        Parameter target = outside.parameter("h.1.attn.c_attn.weight");
        outside.target(target);
        outside.config().put("bias", "all");
        List<String> names = new ArrayList<>();
        for (Parameter parameter : outside.base().parameters()) {
            if (parameter.name().endsWith(".bias")) {
                boolean isWrapped = parameter.module().equals(target.module());
                String name = isWrapped ? parameter.module() + ".base_layer.bias" : parameter.name();
                outside.add(name, parameter.shape().getShape());
                names.add(PREFIX + name);
            }
        }

        AdaptedModel model = assertComputes(outside.base().sizes().vocabulary());

        assertThat(model.adapter().parameters().specs())
                .extracting(TrainedParameters.Spec::name)
                .containsAll(names)
                .hasSize(names.size() + 2);
    }

    /** As PEFT 0.18 saves {@code lora_only}: without them. */
    @Test
    void aBiasThatTheAdapterLacksIsTheBases() throws Exception {
        base(TinyModel.GPT2);
        outside.target(outside.parameter("h.1.attn.c_attn.weight"));
        outside.config().put("bias", "lora_only");

        AdaptedModel model = assertComputes(outside.base().sizes().vocabulary());

        assertThat(model.adapter().parameters().specs())
                .extracting(TrainedParameters.Spec::name)
                .contains(PREFIX + "transformer.h.1.attn.c_attn.base_layer.bias");
    }

    @ParameterizedTest
    @CsvSource({"LLAMA, 34", "LLAMA_TIED_WITH_BIASES, 34", "GPT2, 29", "GEMMA2, 33"})
    void rowsBesideTheUpdatesAreTheModels(TinyModel model, int tokens) throws Exception {
        base(model);
        outside.target(outside.parameter(model.targets().get(0) + ".weight"));
        long width = outside.base().sizes().width();
        outside.add(outside.base().tokenEmbedding().name(), tokens, width);
        if (outside.base().isTied()) { // PEFT writes the one tensor under both names
            outside.alias("lm_head.weight", outside.base().tokenEmbedding().name());
        } else {
            outside.add("lm_head.weight", tokens, width);
        }

        assertComputes(tokens);
    }

    @Test
    void rowsThatAreMissingForNewTokensAreNamed() throws Exception {
        base(TinyModel.LLAMA);
        outside.target(outside.parameter("q_proj.weight"));
        outside.add("model.embed_tokens.weight", 40, outside.base().sizes().width());

        assertThatThrownBy(outside::adapted)
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("the adapter was trained with 40 tokens, the base has 31, and the adapter has no rows of "
                        + "lm_head for them: save it again with save_embedding_layers=True");
    }

    @ParameterizedTest
    @CsvSource({"embed_tokens", "lm_head", "embed_tokens lm_head"})
    void aTiedBaseGetsAHeadOfItsOwnWhereOneOfTheTwoWasTrainedWhole(String saved) throws Exception {
        base(TinyModel.LLAMA_TIED_WITH_BIASES);
        outside.target(outside.parameter("q_proj.weight"));
        for (String module : saved.split(" ")) {
            outside.config().withArray("modules_to_save").add(module);
            Parameter parameter =
                    module.equals("lm_head") ? outside.head() : outside.base().tokenEmbedding();
            outside.add(parameter.name(), parameter.shape().getShape());
        }

        AdaptedModel model = outside.adapted();

        // Of embed_tokens alone the head stays the base's embedding.
        float[] embedding = floats(
                TensorFiles.open(disk.resolve("base"), "model"),
                outside.base().tokenEmbedding().name());
        float[] head = outside.tensors().getOrDefault(PREFIX + "lm_head.weight", embedding);
        assertThat(model.network().weight(outside.head()).toFloatArray()).isEqualTo(head);
        float[] merged = OutsideAdapter.logits(outside.merged());
        assertThat(OutsideAdapter.logits(model.network())).containsExactly(merged, within(2e-5f));
        TensorInfo written = TensorFiles.open(disk.resolve("merged"), "model")
                .index()
                .find("lm_head.weight")
                .orElseThrow();
        assertThat(written.shape()).isEqualTo(outside.head().shape().getShape());
    }
}
