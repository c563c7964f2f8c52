package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.storage.Folder;
import dev.temper.testkit.S3Endpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real runs on this machine's disk and in an object store, killed as a failing machine would end them. */
@Tag("spark")
final class KilledProcessTest {
    @TempDir
    private static Path folder;

    private static S3Endpoint s3;
    private static Path recipe;
    private static RunResult undisturbed;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Endpoint.start();
        s3.createBucket("bucket");
        s3.sparkOptions().forEach(System::setProperty);
        recipe = KilledSetup.write(folder);
        Ended ended = KilledSetup.run(recipe, folder.resolve("undisturbed").toString());
        assertThat(ended.code()).as(ended.err()).isZero();
        undisturbed = RunResult.read(Folder.local(folder.resolve("undisturbed")));
    }

    @AfterAll
    static void end() throws Exception {
        if (s3 != null) {
            s3.sparkOptions().keySet().forEach(System::clearProperty);
            s3.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "@/a, run.yaml",
        "@/b, checkpoints/step-00000002/MANIFEST.json",
        "@/c, evaluation/generations.csv",
        "s3a://bucket/a, rejected/part-00000.parquet",
        "s3a://bucket/b, model/model.safetensors"
    })
    void sameCommandEndsWithTheUndisturbedResult(String root, String file) throws Exception {
        String output = root.replace("@", folder.toString());
        Folder written = Jobs.store().folder(output);
        try (Contender process = Contender.start(folder.resolve("log"), s3.sparkOptions())) {
            process.order("run", recipe.toString(), "output=" + output);
            process.await(written, file);
            process.kill();
        }
        assertThat(written.list()).extracting("name").anyMatch(name -> name.toString()
                .startsWith("lease-"));

        Ended ended = KilledSetup.run(recipe, output);

        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("was held by ", ", which has ended: taken over");
        assertThat(RunResult.read(written)).isEqualTo(undisturbed);
    }

    @Test
    void aRunWhoseOutputIsTakenOverEndsAndWritesNoMore() throws Exception {
        Folder output = Jobs.store().folder(folder.resolve("taken").toString());
        Path log = folder.resolve("taken.log");
        try (Contender process = Contender.start(log, Map.of())) {
            process.order("run", recipe.toString(), "output=" + output.location(), "training.max_steps=100000");
            process.await(output, "checkpoints/step-00000002/MANIFEST.json");
            List<String> claims = output.list().stream()
                    .map(entry -> entry.name())
                    .filter(name -> name.startsWith("lease-") && !name.endsWith(".beat"))
                    .toList();
            assertThat(claims).hasSize(1);
            output.delete(claims.get(0)); // as one does that found it silent
            output.writeText("lease-0000000b-1.1-0123456789abcdef", "berta on far\n");

            assertThat(process.answer()).startsWith("1 ").contains(output.location() + " was taken ");
        }
        List<String> left = output.child("checkpoints").list().stream()
                .map(entry -> entry.name())
                .toList();
        String report = output.has("report.html") ? output.readText("report.html") : "";
        assertThat(report).doesNotContain("finished;"); // it may have been written while the run went on
        assertThat(output.has("model")).isFalse();
        assertThat(left).as("the two newest at most, and one begun").hasSizeLessThanOrEqualTo(3);
        assertThat(output.has("lease-0000000b-1.1-0123456789abcdef")).isTrue();
    }
}
