package dev.temper.jobs;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code temper completion}: a script for the shell. */
@Command(name = "completion", description = "Print a script that lets bash or zsh complete commands and options.")
final class CompletionCommand implements Callable<Integer> {
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
