package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ShellCommandTest {
    @Test
    void plainArgumentsStayAsTheyWereTyped() {
        assertThat(ShellCommand.quoted(List.of("run", "conf/a_b.yaml", "training.learning_rate=1e-3", "--verbose")))
                .isEqualTo("run conf/a_b.yaml training.learning_rate=1e-3 --verbose");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b",
                "it's",
                "$HOME `id` \"x\" \\ !",
                "data.columns={prompt: q, completion: 'a'}",
                "",
                "~",
                "#",
                "*",
                "Grüße, 東京 🙂",
                "two\nlines\tand \u001b[31mred\u001b[0m",
                "right\u202Eto\u202Cleft\\n",
            })
    void aShellReadsThemAsTheyWere(String argument) throws Exception {
        String command = "printf '%s' " + ShellCommand.quoted(List.of(argument));
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", command);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process shell = builder.start();

        String read = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(read).isEqualTo(argument);
        assertThat(shell.waitFor()).isZero();
        assertThat(command.chars().noneMatch(Character::isISOControl)).isTrue();
    }

    @Test
    void secretsAreMasked() {
        String command = ShellCommand.quoted(List.of(
                "--conf",
                "spark.hadoop.fs.s3a.secret.key=abc/d+e",
                "--conf=spark.hadoop.fs.s3a.session.token=AKIA7",
                "run",
                "https://me:hidden@host/recipe.yaml",
                "tracking.api_key=xyz",
                "model.base=s3a://KEY:word@bucket/base",
                "training.micro_batch_tokens=512"));

        assertThat(command)
                .doesNotContain("abc", "AKIA7", "hidden", "xyz", "KEY", "word")
                .startsWith("--conf 'spark.hadoop.fs.s3a.secret.key=***' ")
                .contains("'tracking.api_key=***'", "training.micro_batch_tokens=512");
    }
}
