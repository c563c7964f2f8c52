package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.storage.LocalStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code temper help}, {@code --help} and {@code temper completion}. */
final class HelpTest {
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    private Path folder;

    private static CommandLine temper() {
        return Temper.commandLine(
                new Temper(new String[0]), Temper.commands(Jobs.store()).toArray());
    }

    @Test
    void helpIsThatOfTheOption() {
        assertThat(run("help").out()).isEqualTo(run("--help").out()).contains("completion", "--master", "JAVA_HOME");
        for (String name : temper().getSubcommands().keySet()) {
            Ended help = run("help", name);
            assertThat(help).isEqualTo(run(name, "--help"));
            assertThat(help.code()).isZero();
            assertThat(help.out())
                    .startsWith("Usage: temper " + name)
                    .contains(
                            "Examples:",
                            "temper " + name,
                            "--master",
                            "SPARK_HOME",
                            "TEMPER_JAVA_OPTS",
                            "Exit code: 0");
            assertThat(help.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        }
    }

    @Test
    void anUnknownCommandIsNamed() {
        assertThat(run("help", "rnu"))
                .isEqualTo(new Ended(2, "", "temper: there is no command rnu (run?); temper help shows them all\n"));
    }

    /** The launcher takes {@code --master} out, and the shell what stands behind {@code >}. */
    @Test
    void examplesAreCommandsThatThereAre() {
        temper().getSubcommands().keySet().forEach(name -> {
            List<String> typed = HelpCommand.examples(name).stream()
                    .filter(line -> !line.startsWith("#") && !line.startsWith("source "))
                    .toList();
            for (String example : typed) {
                List<String> words = words(example.replaceAll(" --master \\S+| > .*", ""));
                assertThat(words.get(0)).isEqualTo("temper");
                CommandLine.ParseResult parsed =
                        temper().parseArgs(words.subList(1, words.size()).toArray(String[]::new));
                assertThat(parsed.subcommand().commandSpec().name()).as(example).isEqualTo(name);
            }
            assertThat(HelpCommand.examples(name)).as(name).isNotEmpty();
        });
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    @Test
    void optionsStandBeforeAndAfterArguments() throws IOException {
        Path recipe = Files.writeString(folder.resolve("r.yaml"), "model: {base: a}\ndata: {train: b}\noutput: c\n");
        List<PlanCommand.Request> planned = new ArrayList<>();
        for (String line : List.of(
                "plan --json R training.seed=7",
                "plan R --json training.seed=7",
                "--verbose plan R training.seed=7 --json")) {
            Ended.run(line.replace("R", recipe.toString()).split(" "), new PlanCommand(new LocalStore(), planned::add));
        }

        assertThat(planned).hasSize(3).allSatisfy(request -> {
            assertThat(request.json()).isTrue();
            assertThat(request.recipe().training().seed()).isEqualTo(7);
        });
    }

    @Test
    void masterBelongsToTheLauncher() {
        assertThat(run("plan", "r.yaml", "--master", "yarn").err())
                .startsWith("temper: --master is read by deploy/temper and spark-submit; put it before the jar");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void theShellCompletesCommandsAndOptions() throws Exception {
        Ended completion = run("completion");
        Path script = Files.writeString(folder.resolve("completion.sh"), completion.out());

        assertThat(completed(script, "temper pl")).containsExactly("plan");
        assertThat(completed(script, "temper run --dr")).containsExactly("--dry-run");
        assertThat(completed(script, "temper generate --pro")).containsExactly("--prompt");
    }

    private static List<String> completed(Path script, String line) throws Exception {
        String[] words = line.split(" ");
        String asked = "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_LINE='%s'; COMP_POINT=%d; COMP_TYPE=9;"
                        .formatted(script, line, words.length - 1, line, line.length())
                + " _complete_temper; printf '%s\\n' \"${COMPREPLY[@]}\"";
        Process bash = new ProcessBuilder("bash", "-c", asked)
                .redirectError(ProcessBuilder.Redirect.DISCARD) // compopt: nobody has pressed Tab
                .start();
        String reply = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(reply).isZero();
        return reply.lines().map(String::strip).toList();
    }

    private static Ended run(String... arguments) {
        return Ended.run(arguments, Temper.commands(Jobs.store()).toArray());
    }
}
