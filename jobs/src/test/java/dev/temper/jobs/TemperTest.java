package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.generate.GenerationConfig;
import dev.temper.recipe.RecipeTree;
import dev.temper.recipe.RecordTree;
import dev.temper.storage.LocalStore;
import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.hadoop.util.VersionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TemperTest {
    private static final String RECIPE = "model: {base: a}\ndata: {train: b}\noutput: c\n";

    @TempDir
    private Path folder;

    private final List<GenerateCommand.Request> generated = new ArrayList<>();
    private final List<PlanCommand.Request> planned = new ArrayList<>();

    @Test
    void badRecipeEndsTheProcessWithOneLineAndTwo() throws Exception {
        Path recipe = write("bad.yaml", RECIPE + "trainin: {}\n");

        Ended ended = start(List.of(), "run", recipe.toString());

        assertThat(ended.err()).isEqualTo("temper: unknown key trainin; did you mean training?\n");
        assertThat(ended.out()).isEmpty();
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void finishedRunEndsTheProcessThoughAThreadLives() throws Exception {
        Ended ended = start(List.of(), "run", write("good.yaml", RECIPE).toString());

        assertThat(ended).isEqualTo(new Ended(0, "good\n", ""));
    }

    @Test
    void clusterModeThrowsInsteadOfExiting() throws Exception {
        Ended ended = start(
                List.of("-Dspark.submit.deployMode=cluster"),
                "run",
                write("broken.yaml", RECIPE).toString());

        assertThat(ended.err())
                .startsWith("temper: worker 3 was lost\n")
                .contains("Exception in thread \"main\" java.lang.IllegalStateException: worker 3 was lost");
        assertThat(ended.code()).isEqualTo(1);
    }

    @Test
    void failureIsOneAndVerboseShowsWhere() throws Exception {
        String recipe = write("broken.yaml", RECIPE).toString();

        assertThat(run("run", recipe)).isEqualTo(new Ended(1, "", "temper: the disk is full\n"));
        assertThat(run("run", recipe, "--verbose").err())
                .startsWith("temper: the disk is full\njava.io.IOException: the disk is full\n\tat dev.temper.jobs.");
    }

    @Test
    void wrongUsageIsTwoAndOneLine() {
        assertThat(run().code()).isEqualTo(2);
        assertThat(run().err()).startsWith("Missing command").contains("Usage: temper");
        assertWrong("Missing required parameter: 'RECIPE'; temper help run shows what there is", "run");
        assertWrong("there is no command walk; temper help shows what there is", "walk");
        assertWrong("there is no command rnu (run?); temper help shows what there is", "rnu", "a.yaml");
        assertWrong("there is no option --qiet (--quiet?); temper help run shows what there is", "run", "a", "--qiet");
        assertWrong("there is no option --fast; temper help shows what there is", "--fast");
        assertWrong(
                "'two' belongs to no option; put a text of several words in quotes; temper help merge shows what there"
                        + " is",
                "merge",
                "a",
                "--adapter",
                "one",
                "two",
                "--output",
                "o");
        assertThat(run("generate", "folder"))
                .isEqualTo(new Ended(
                        2, "", "temper: there is nothing to answer: give --prompt TEXT or --messages FILE\n"));
        assertThat(run("generate", "folder", "--prompt", "a", "--messages", "b").err())
                .isEqualTo("temper: --prompt and --messages exclude each other: leave one of them out\n");
        assertThat(run("generate", "folder", "--prompt", "a", "--raw", "--system", "b")
                        .err())
                .isEqualTo("temper: --raw continues a prompt as it is: leave out --system, which is for the chat"
                        + " template\n");
    }

    private void assertWrong(String says, String... args) {
        assertThat(run(args)).isEqualTo(new Ended(2, "", "temper: " + says + "\n"));
    }

    @Test
    void helpAndVersionAreZero() {
        assertThat(run("--help").out()).contains("run ", "plan ", "generate ", "--verbose");
        assertThat(run("generate", "--help").out()).contains("--max-new-tokens", "Default: 50");
        assertThat(run("--version").out()).matches("temper \\d+\\.\\d+\\.\\d+\\S* (unknown|[0-9a-f]{40})\n");
        assertThat(run("--version").code()).isZero();
    }

    @Test
    void planGetsTheRecipeWithOverrides() throws Exception {
        Ended ended = run("plan", write("small.yaml", RECIPE).toString(), "adapter.r=2", "--json");

        assertThat(ended).isEqualTo(new Ended(0, "", ""));
        assertThat(planned).hasSize(1);
        assertThat(planned.get(0).json()).isTrue();
        assertThat(planned.get(0).recipe().adapter().orElseThrow().r()).isEqualTo(2);
    }

    @Test
    void generateHasTheRecipesDefaults() {
        run("generate", "folder", "--prompt", "@once upon", "--prompt", "a time", "--adapter", "lora", "--raw");
        run(
                "generate",
                "folder",
                "--prompt=a",
                "--prompt=b",
                "--do-sample",
                "--top-p=0.3",
                "--seed=7",
                "--json",
                "--system=Be brief.");

        GenerationConfig defaults = new RecordTree<>(GenerationConfig.class)
                .read(RecipeTree.defaults("every_recipe").get("generation"));
        assertThat(generated)
                .containsExactly(
                        new GenerateCommand.Request(
                                "folder",
                                Optional.of("lora"),
                                new GenerateCommand.Asked(true, Optional.empty(), Optional.empty()),
                                with(defaults, "@once upon", "a time"),
                                42,
                                false),
                        new GenerateCommand.Request(
                                "folder",
                                Optional.empty(),
                                new GenerateCommand.Asked(false, Optional.of("Be brief."), Optional.empty()),
                                new GenerationConfig(List.of("a", "b"), 0, 50, true, 1, 0, 0.3, 0, 1),
                                7,
                                true));
        assertThat(run("generate", "folder", "--prompt", "a", "--do-sample", "--top-p", "2"))
                .isEqualTo(new Ended(2, "", "temper: generation.top_p must be in (0, 1], got 2.0\n"));
    }

    private static GenerationConfig with(GenerationConfig config, String... prompts) {
        return new GenerationConfig(
                List.of(prompts),
                config.evalPrompts(),
                config.maxNewTokens(),
                config.doSample(),
                config.temperature(),
                config.topK(),
                config.topP(),
                config.minP(),
                config.repetitionPenalty());
    }

    private Ended run(String... args) {
        LocalStore store = new LocalStore();
        return Ended.run(
                args,
                new RunCommand(store, recipe -> {
                    throw new IOException("the disk is full");
                }),
                new PlanCommand(store, planned::add),
                new MergeCommand(request -> {}),
                new GenerateCommand(generated::add));
    }

    @Test
    void aStoreThatNobodyAnswersForIsAMistakeOfItsKey() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }
        List<String> options = new ArrayList<>();
        Map.of("endpoint", "http://127.0.0.1:" + port, "endpoint.region", "a", "access.key", "a", "secret.key", "b")
                .forEach((key, value) -> options.add("-Dspark.hadoop.fs.s3a." + key + "=" + value));
        options.addAll(List.of("-cp", System.getProperty("java.class.path"), Temper.class.getName()));

        Ended ended = startJava(options, "run", write("good.yaml", RECIPE).toString(), "output=s3a://bucket/out");

        assertThat(SmallRun.complaints(ended.err()))
                .singleElement()
                .asString()
                .startsWith("temper: output: s3a://bucket/out cannot be reached: nothing answers for s3a://bucket/out")
                .endsWith("spark.hadoop.fs.s3a.endpoint is http://127.0.0.1:" + port);
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void aMissingHadoopAwsIsNamedWithWhatToAdd() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("hadoop-aws") && !entry.contains("aws-java-sdk"))
                .collect(Collectors.joining(File.pathSeparator));

        Ended ended = startJava(List.of("-cp", classPath, Temper.class.getName()), "run", "s3a://bucket/recipe.yaml");

        assertThat(SmallRun.complaints(ended.err()))
                .containsExactly(
                        "temper: Hadoop's library for s3a: is not on Spark's class path (ClassNotFoundException"
                                + " Class org.apache.hadoop.fs.s3a.S3AFileSystem not found): add it with --packages"
                                + " org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion());
        assertThat(ended.code()).isEqualTo(2);
    }

    private Ended start(List<String> jvmOptions, String... args) throws Exception {
        List<String> options = new ArrayList<>(jvmOptions);
        options.addAll(List.of("-cp", System.getProperty("java.class.path"), RunOnly.class.getName()));
        return startJava(options, args);
    }

    private Ended startJava(List<String> options, String... args) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(args));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS"); // the JVM would announce it
        Process process = builder.start();
        try {
            assertThat(process.waitFor(50, TimeUnit.SECONDS))
                    .as("ended by itself")
                    .isTrue();
            return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            process.destroyForcibly();
        }
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }
}
