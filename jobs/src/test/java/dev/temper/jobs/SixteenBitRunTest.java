package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code temper run} with trained weights in 16 bits and the optimizer's state in files. */
final class SixteenBitRunTest {
    @TempDir
    private static Path folder;

    private static SmallClassifier setup;

    @BeforeAll
    static void write() throws IOException {
        setup = SmallClassifier.write(folder);
    }

    private static Ended run(String... overrides) {
        List<String> arguments =
                new ArrayList<>(List.of("run", "@/recipe.yaml", "model.weights=bf16", "model.precision=bf16"));
        arguments.addAll(List.of(overrides));
        return setup.temper(arguments.toArray(String[]::new));
    }

    @Test
    void anOffloadedStateChangesNothing() throws Exception {
        Ended kept = run("output=@/kept");
        Ended offloaded =
                run("output=@/offloaded", "training.optimizer_offload=true", "cluster.local_dir=@/local/optimizer");

        assertThat(kept.code()).as(kept.err()).isZero();
        assertThat(offloaded.code()).as(offloaded.err()).isZero();
        assertThat(folder.resolve("local/optimizer")).isEmptyDirectory();
        WrittenRun expected =
                new WrittenRun(WrittenRun.session(), folder.resolve("kept").toString());
        WrittenRun actual =
                new WrittenRun(WrittenRun.session(), folder.resolve("offloaded").toString());
        assertThat(actual.metric("train/loss"))
                .isEqualTo(expected.metric("train/loss"))
                .hasSizeGreaterThan(5);
        Path model = folder.resolve("offloaded/model");
        assertThat(Files.readString(model.resolve("config.json"))).contains("dtype\" : \"bfloat16\"");
        TensorFiles weights = TensorFiles.open(model, "model");
        assertThat(weights.index().names()).isNotEmpty().allSatisfy(name -> assertThat(
                        weights.index().find(name))
                .map(TensorInfo::dtype)
                .contains("BF16"));
        assertThat(model.resolve("model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("kept/model/model.safetensors"));
    }

    @Test
    void saysWhereRowsFindNoPlace() { // before the optimizer's state, which would lie there, too
        Ended ended = run("output=@/refused", "training.optimizer_offload=true", "cluster.local_dir=@/texts.csv");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("cluster.local_dir: the prepared rows cannot be kept in a file of", "texts.csv")
                .contains("name a folder with room for them");
    }
}
