package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.storage.LocalStore;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten thousand locations with secrets, in all places that take one: each is refused, and no part of it is told. */
final class RefusedSecretsTest {
    private static final int SECRETS = 40;
    private static final int SECRETS_OF_ERRORS = Integer.getInteger("temper.test.secrets", 40); // 720: 10,080 errors
    private static final String RECIPE = "model: {base: a}\ndata: {train: b}\noutput: c\n";

    @TempDir
    private Path folder;

    /** A way to have a secret in a location. */
    private static final List<UnaryOperator<String>> LOCATIONS = List.of(
            secret -> "s3a://AKIAKEY:" + secret + "@bucket/rows/train.csv",
            secret -> "s3a://AKIAKEY:" + secret + "@bucket",
            secret -> "S3N:///AKIAKEY:" + secret + "@bucket/x@v1",
            secret -> "abfss://container:" + secret + "@account.dfs.core.windows.net/rows",
            secret -> "hdfs://user:p" + secret + "@name:8020/rows",
            secret -> "ftp://user:p" + secret + "@host/rows",
            secret -> "https://user:p" + secret + "@host:443/rows?x=1",
            secret -> "s3a:AKIAKEY:" + secret + "@bucket/rows",
            secret -> "hub:user:" + secret + "@owner/name",
            secret -> "s3a://AKIAKEY:" + encoded(secret) + "@bucket/rows",
            secret -> encoded("s3a://AKIAKEY:" + secret + "@bucket/rows"),
            secret -> "jdbc:mysql://user:p" + secret + "@host/base",
            secret -> "https://" + encoded(secret) + "@host/rows",
            secret -> "https://host/rows?token=" + encoded(secret),
            secret -> "s3a://bucket/rows.csv?X-Amz-Signature=" + encoded(secret) + "&x=1",
            secret -> "s3a://bucket/rows*.csv?x=1&k=" + encoded(secret),
            secret -> "s3a://bucket/rows.csv#access_token=" + encoded(secret),
            secret -> "rows.csv?sig=" + encoded(secret),
            secret -> "{s3a://bucket/a,s3a://AKIAKEY:" + secret + "@bucket}/b");

    /** Keys and arguments that are locations. */
    private static final List<UnaryOperator<String>> OVERRIDES = List.of(
            yaml -> "model.base=" + yaml,
            yaml -> "adapter.init_from=" + yaml,
            yaml -> "data.train=" + yaml,
            yaml -> "data.train=[a, {location: " + yaml + ", weight: 2}]",
            yaml -> "data.train={location: " + yaml + ", weight: -1}",
            yaml -> "data.train=[b, " + yaml + "]",
            yaml -> "data.eval=" + yaml,
            yaml -> "data.prepared=" + yaml,
            yaml -> "data.chat_template=" + yaml,
            yaml -> "cluster.local_dir=" + yaml,
            yaml -> "output=" + yaml);

    @Test
    void tenThousandLocationsAreRefusedAndNotTold() throws Exception {
        long seed = 14;
        Random random = new Random(seed);
        String recipe = Files.writeString(folder.resolve("recipe.yaml"), RECIPE).toString();
        int count = 0;
        for (int i = 0; i < SECRETS; i++) {
            String secret = Canaries.secret(random);
            List<String> pieces = Canaries.pieces(secret);
            for (UnaryOperator<String> form : LOCATIONS) {
                String location = form.apply(secret);
                for (String[] command : commands(recipe, location)) {
                    Ended ended = run(command);
                    String told = ended.out() + ended.err();
                    assertThat(Canaries.found(told, pieces))
                            .as("seed %d: %s: %s", seed, String.join(" ", command), told)
                            .isEmpty();
                    assertThat(ended.code())
                            .as(String.join(" ", command) + told)
                            .isEqualTo(2);
                    assertThat(told)
                            .startsWith("temper: ")
                            .contains(": the location holds a ")
                            .hasLineCount(1);
                    count++;
                }
            }
        }
        assertThat(count).isGreaterThan(10_000);
    }

    /** A location where none belongs, YAML that cannot be read, a command line that is wrong. */
    @Test
    void whatIsSaidOfOtherMistakesTellsNoSecret() throws Exception {
        Random random = new Random(15);
        int count = 0;
        for (int i = 0; i < SECRETS_OF_ERRORS; i++) {
            String secret = Canaries.secret(random);
            List<String> pieces = Canaries.pieces(secret);
            String location = "s3a://AKIAKEY:" + secret + "@bucket/rows";
            String yaml = TextNode.valueOf(location).toString();
            String plain = secret.replaceAll("[^A-Za-z0-9/+%]", "x");
            String recipe =
                    Files.writeString(folder.resolve("recipe.yaml"), RECIPE).toString();
            String broken = Files.writeString(
                            folder.resolve("broken.yaml"), RECIPE + "name: s3a://AKIAKEY:" + plain + "@b: c\n")
                    .toString();
            for (List<String> command : List.of(
                    List.of("run", recipe, "training.seed=" + yaml),
                    List.of("run", recipe, "data.format=" + yaml),
                    List.of("run", recipe, "data.columns=" + yaml),
                    List.of("run", recipe, "training.optim=" + yaml),
                    List.of("run", recipe, "model.precision=[" + yaml + "]"),
                    List.of("run", recipe, "data.nothing=" + yaml),
                    List.of("run", recipe, "hub_token=" + TextNode.valueOf(secret)),
                    List.of("run", recipe, "training.seed={secret_key: " + TextNode.valueOf(secret) + "}"),
                    List.of("run", recipe, location),
                    List.of("run", recipe, "--conf", "spark.hadoop.fs.s3a.secret.key=" + secret),
                    List.of("run", recipe, "--master=" + location),
                    List.of("generate", location),
                    List.of("walk", location),
                    List.of("run", broken))) {
                Ended ended = run(command.toArray(String[]::new));
                assertThat(Canaries.found(ended.out() + ended.err(), pieces))
                        .as("%s: %s", command, ended.err())
                        .isEmpty();
                assertThat(Canaries.found(ended.err(), Canaries.pieces(plain)))
                        .as(ended.err())
                        .isEmpty();
                assertThat(ended.code()).as("%s: %s", command, ended.err()).isEqualTo(2);
                count++;
            }
        }
        assertThat(count).isEqualTo(14 * SECRETS_OF_ERRORS);
    }

    @Test
    void promptsMaySayWhatTheyLike() {
        String prompt = "Never write https://user:password@host/?token=abc: it is";

        assertThat(run("generate", "folder", "--prompt", prompt).code()).isZero();
        assertThat(prompts).containsExactly(prompt);
    }

    private final List<String> prompts = new ArrayList<>();

    private static List<String[]> commands(String recipe, String location) {
        List<String[]> commands = new ArrayList<>();
        String yaml = TextNode.valueOf(location).toString();
        OVERRIDES.forEach(key -> commands.add(new String[] {"run", recipe, key.apply(yaml)}));
        commands.add(new String[] {"run", location});
        commands.add(new String[] {"generate", location, "--prompt", "a"});
        commands.add(new String[] {"generate", "folder", "--adapter", location, "--prompt", "a"});
        commands.add(new String[] {"merge", "folder", "--adapter", "lora", "--output", location});
        return commands;
    }

    private Ended run(String... command) {
        LocalStore store = new LocalStore();
        return Ended.run(
                command,
                new RunCommand(store, recipe -> {}),
                new GenerateCommand(
                        request -> prompts.addAll(request.generation().prompts())),
                new MergeCommand(request -> {}));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
