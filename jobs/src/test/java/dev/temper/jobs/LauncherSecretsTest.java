package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code deploy/temper} of a checkout that is built: what stands in the arguments of the processes that it starts,
 * which everybody on a machine can read.
 */
final class LauncherSecretsTest {
    /** Shells split options at blanks, and expand a star. */
    private static final String SECRET = Canaries.secret(new Random(4)).replaceAll("[\\s*?\\[]", "") + "\\\"b\\";

    @TempDir
    private Path folder;

    private final Map<String, String> environment = new TreeMap<>();

    /** A checkout with the launcher and what it looks at; a Java and a spark-submit that write down their arguments. */
    @BeforeEach
    void makeCheckout() throws IOException {
        Path root = Path.of(System.getProperty("temper.root"));
        Files.createDirectories(folder.resolve("deploy"));
        Files.copy(root.resolve("deploy/temper"), folder.resolve("deploy/temper"));
        Files.copy(root.resolve("deploy/log4j2.properties"), folder.resolve("deploy/log4j2.properties"));
        Files.copy(root.resolve("pom.xml"), folder.resolve("pom.xml"));
        Files.createDirectories(folder.resolve("jobs/src/main"));
        Files.createDirectories(folder.resolve("lib/x/src/main"));
        Files.copy(root.resolve("jobs/pom.xml"), folder.resolve("jobs/pom.xml"));
        Files.copy(root.resolve("jobs/pom.xml"), folder.resolve("lib/x/pom.xml"));
        Files.createDirectories(folder.resolve("jobs/target/lib"));
        Files.writeString(folder.resolve("jobs/target/temper-jobs-1.jar"), "");
        Files.writeString(folder.resolve("jobs/target/classpath"), System.getProperty("java.class.path"));
        Files.createDirectories(folder.resolve("java/bin"));
        Path java = Path.of(System.getProperty("java.home"));
        Files.writeString(folder.resolve("java/release"), "JAVA_VERSION=\"17.0.1\"\n");
        script("java/bin/java", "exec " + java + "/bin/java \"$@\"");
        script(
                "spark/bin/spark-submit",
                "while (($#)); do if [[ $1 == --properties-file ]]; then cat \"$2\" \"$2\"; fi;" + " shift; done");
        environment.put("JAVA_HOME", folder.resolve("java").toString());
    }

    /** The same options reach Java: a client of the storage that writes down its key says so. */
    @Test
    void secretPropertiesOfJavaAreNoArguments() throws Exception {
        environment.put(
                "TEMPER_JAVA_OPTS",
                "-Xmx256m -Dspark.hadoop.fs.telling.impl=" + TellingFileSystem.class.getName() + " -Dspark.hadoop."
                        + TellingFileSystem.SECRET + "=" + SECRET);

        Ended ended = run("run", "telling:///nothing.yaml");

        assertThat(ended.err())
                .contains("Opened telling:///nothing.yaml with AccountKey=*** https://host/a?sig=***")
                .contains("temper: the recipe telling:///nothing.yaml does not exist");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(arguments()).contains("-Xmx256m", "dev.temper.jobs.Temper", "telling:///nothing.yaml");
        assertThat(Canaries.found(arguments() + ended, Canaries.pieces(SECRET))).isEmpty();
    }

    @Test
    void secretOptionsOfSparkAreNoArguments() throws Exception {
        Files.createDirectories(folder.resolve("spark/conf"));
        Files.writeString(folder.resolve("spark/conf/spark-defaults.conf"), "spark.one 1");
        environment.put("SPARK_HOME", folder.resolve("spark").toString());
        environment.put(
                "TEMPER_SPARK_OPTIONS",
                "--executor-memory 2g --conf spark.hadoop.fs.s3a.secret.key=" + SECRET
                        + " --conf=spark.executorEnv.HF_TOKEN=" + SECRET + " --conf spark.two=2");

        Ended ended = run("run", "a.yaml");

        String settings = "spark.one 1\nspark.hadoop.fs.s3a.secret.key=" + SECRET.replace("\\", "\\\\")
                + "\nspark.executorEnv.HF_TOKEN=" + SECRET.replace("\\", "\\\\") + "\n";
        assertThat(ended).isEqualTo(new Ended(0, settings + settings, "")); // it can be read twice
        assertThat(arguments()).contains("--executor-memory\n2g", "--conf\nspark.two=2", "--properties-file\n/dev/fd/");
        assertThat(Canaries.found(arguments(), Canaries.pieces(SECRET))).isEmpty();
    }

    @Test
    void aPropertiesFileOfTheUserStays() throws Exception {
        Path own = Files.writeString(folder.resolve("own.conf"), "spark.own 1\n");
        environment.put("SPARK_HOME", folder.resolve("spark").toString());
        environment.put("TEMPER_SPARK_OPTIONS", "--properties-file " + own);
        assertThat(run("run", "a.yaml").out()).isEqualTo("spark.own 1\n".repeat(2));

        environment.put("TEMPER_SPARK_OPTIONS", "--properties-file " + own + " --conf spark.my.token=abc");
        assertThat(run("run", "a.yaml").out()).isEqualTo("spark.own 1\n\nspark.my.token=abc\n".repeat(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "s3a://KEY:SECRET@bucket/recipe.yaml",
                "data.train=s3a://KEY:se/c+ret@bucket/rows",
                "data.train=[{location: \"s3a://KEY:se/c+ret@bucket/rows\"}]",
                "model.base=https://token@host/base",
                "--adapter=s3a://bucket/lora?X-Amz-Signature=abc",
                "output=wasbs://c:ret@account/out",
            })
    void argumentsWithSecretsStartNothing(String argument) throws Exception {
        Ended ended = run("run", "a.yaml", argument);

        assertThat(ended.err()).startsWith("temper: an argument is a location with a login or a secret: take it out");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(folder.resolve("arguments")).doesNotExist();
    }

    /** Only the argument behind the option is a prompt. */
    @Test
    void soDoLocationsBehindAPrompt() throws Exception {
        for (String option : List.of("--prompt=a", "--prompt")) {
            Ended ended = run("generate", option, "a", "s3a://KEY:SECRET@bucket/model");

            assertThat(ended.err()).startsWith("temper: an argument is a location with a login or a secret");
            assertThat(ended.code()).isEqualTo(2);
        }
    }

    @Test
    void otherArgumentsArriveAsTheyAre() throws Exception {
        environment.put("SPARK_HOME", folder.resolve("spark").toString());
        List<String> given = List.of(
                "generate",
                "hdfs://name:8020/models/x@v1",
                "output=abfss://container@account.dfs.core.windows.net/out",
                "data.train=s3a://bucket/part-?.csv",
                "data.system=https://user:word@host",
                "--prompt",
                "https://user:word@host/?token=abc",
                "--prompt",
                "s3a://KEY:SECRET@bucket",
                "--prompt=s3a://KEY:SECRET@bucket",
                "--json");

        assertThat(run(given.toArray(String[]::new)).code()).isZero();
        assertThat(arguments()).endsWith(String.join("\n", given) + "\n");
    }

    private Ended run(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = folder.resolve("deploy/temper").toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_") || name.startsWith("TEMPER_"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return new Ended(
                process.exitValue(), Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
    }

    private String arguments() throws IOException {
        return Files.readString(folder.resolve("arguments"), StandardCharsets.UTF_8);
    }

    private void script(String name, String text) throws IOException {
        Path script = folder.resolve(name);
        Files.createDirectories(script.getParent());
        Files.writeString(
                script,
                "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" >" + folder.resolve("arguments") + "\n" + text + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
