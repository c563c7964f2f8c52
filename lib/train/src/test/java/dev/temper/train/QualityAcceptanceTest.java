package dev.temper.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.adapter.LoraConfig;
import dev.temper.collective.Collective;
import dev.temper.kernel.FloatType;
import dev.temper.kernel.Workspace;
import dev.temper.model.ModelTask;
import dev.temper.model.StoredModel;
import dev.temper.quant.Quantization;
import dev.temper.train.config.Optim;
import dev.temper.train.config.Schedule;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What saves memory costs next to nothing of what is learned: a pretrained model, the same rows, held-out loss. */
@EnabledIfSystemProperty(named = "temper.shared", matches = ".+")
final class QualityAcceptanceTest {
    private static final double WITHIN = 0.02;

    // Matrices of 4096 elements and more, so that 8-bit Adam keeps their moments in 8 bits.
    private static final LoraConfig LORA = LoraConfig.of(64, 64, 0, List.of(LoraConfig.ALL_LINEAR));

    @Test
    void quantizedBaseBFloat16And8BitAdamLearnWhatLoraWithAdamWLearns() throws Exception {
        StoredModel base = StoredModel.read(StoriesAcceptanceTest.BASE, ModelTask.causalLm(), 0);
        Optional<Quantization> nf4 = Optional.of(Quantization.nf4());
        double[] lora = losses(base, Optim.ADAMW);

        assertThat(lora[1]).isLessThan(0.85 * lora[0]);
        assertNear(losses(base.quantized(nf4), Optim.ADAMW), lora, "QLoRA");
        assertNear(losses(base, Optim.ADAMW_8BIT), lora, "8-bit AdamW");
        assertNear(losses(base.in(FloatType.BFLOAT16), Optim.ADAMW), lora, "bf16");
        assertNear(
                losses(base.quantized(nf4).in(FloatType.BFLOAT16), Optim.ADAMW_8BIT),
                lora,
                "QLoRA in bf16 with 8-bit AdamW");
    }

    private static void assertNear(double[] losses, double[] lora, String what) {
        assertThat(losses[1] / lora[1] - 1).as(what).isBetween(-WITHIN, WITHIN);
    }

    /** Evaluation loss before and after 120 updates. */
    private static double[] losses(StoredModel base, Optim optim) throws Exception {
        Settings settings = new Settings();
        settings.steps = 120;
        settings.batchSize = 8;
        settings.learningRate = 2e-3;
        settings.schedule = Schedule.Type.COSINE;
        settings.warmupSteps = 4;
        settings.evalSteps = 120;
        settings.optim = optim;
        try (Workspace workspace = Workspace.open(1);
                TrainedModel model = TrainedModels.withAdapter(workspace, base, LORA, 3)) {
            double[] all = Curve.of(model, StoriesAcceptanceTest.rows(), settings.config(), Collective.alone())
                    .values("eval/loss");
            return new double[] {all[0], all[all.length - 1]};
        }
    }
}
