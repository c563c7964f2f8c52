package dev.temper.jobs;

import static dev.temper.check.Check.invalid;

import dev.temper.check.Check;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code temper help}: what {@code --help} of all commands, or of one, says. */
@Command(name = "help", description = "Show the commands, or the options and examples of one.")
final class HelpCommand implements Callable<Integer> {
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
}
