package dev.temper.jobs;

import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.check.Check;
import dev.temper.recipe.YamlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code temper help}: what {@code --help} of all commands, or of one, says. */
@Command(name = "help", description = "Show the commands, or the options and examples of one.")
final class HelpCommand implements Callable<Integer> {
    private static final JsonNode TEXTS = YamlText.resource(HelpCommand.class, "help.yaml");

    @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "Which one; without it, all.")
    private String command;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine temper = spec.parent().commandLine();
        Map<String, CommandLine> all = temper.getSubcommands();
        if (command != null && !all.containsKey(command)) {
            throw invalid(
                    "there is no command %s%s; temper help shows them all",
                    command,
                    Check.nearest(command, all.keySet())
                            .map(name -> " (" + name + "?)")
                            .orElse(""));
        }
        all.getOrDefault(command, temper).usage(temper.getOut());
        return 0;
    }

    /**
     * Puts below the options of each command examples, and what the launcher reads.
     *
     * @param temper with all its commands
     */
    static void addFooters(CommandLine temper) {
        temper.getCommandSpec().usageMessage().footer(lines(List.of()));
        temper.getSubcommands()
                .forEach((name, command) ->
                        command.getCommandSpec().usageMessage().footer(lines(examples(name))));
    }

    /** As they are typed, with comments behind a {@code #}. */
    static List<String> examples(String command) {
        return TEXTS.at("/examples/" + command).asText().lines().toList();
    }

    private static String[] lines(List<String> examples) {
        List<String> lines = new ArrayList<>();
        if (!examples.isEmpty()) {
            lines.add("");
            lines.add("Examples:");
            examples.forEach(example -> lines.add("  " + example));
        }
        lines.add("");
        TEXTS.get("footer").textValue().lines().forEach(lines::add);
        return lines.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
    }

    /** {@code temper completion}: a script for the shell. */
    @Command(name = "completion", description = "Print a script that lets bash or zsh complete commands and options.")
    static final class Completion implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            spec.commandLine()
                    .getOut()
                    .println(AutoComplete.bash("temper", spec.parent().commandLine()));
            return 0;
        }
    }
}
