package dev.temper.jobs;

import dev.temper.check.Check;
import dev.temper.check.GuardedOutput;
import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import dev.temper.recipe.RecipeSecrets;
import dev.temper.run.RunVersion;
import dev.temper.spark.cluster.Interruption;
import dev.temper.spark.cluster.Withdrawal;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.train.worker.StoppedException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code temper}. */
@Command(
        name = "temper",
        description = "Fine-tunes language models on an Apache Spark cluster.",
        versionProvider = Temper.Version.class,
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT)
public final class Temper implements Runnable {
    /** Commands that need only be run again when they were interrupted. */
    private static final Set<String> REPEATED = Set.of("run", "prepare", "evaluate");

    private final String[] arguments;

    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of a failure.")
    private boolean verbose;

    @Option(
            names = "--master",
            paramLabel = "URL",
            scope = ScopeType.INHERIT,
            description = "Spark's master, such as spark://host:7077; read by deploy/temper.")
    private String master;

    private Exit exit = Exit.DONE;

    Temper(String[] arguments) {
        this.arguments = arguments;
    }

    public static void main(String[] args) {
        GuardedOutput.install();
        HadoopStore store = Jobs.store();
        Optional<String> mistake = EarlierAttempt.mistake(store);
        if (mistake.isPresent()) {
            Console.warn(mistake.get());
            new Exit(2, mistake.get()).leave();
        } else {
            runAndLeave(store, args);
        }
    }

    private static void runAndLeave(HadoopStore store, String[] args) {
        Signals.handle();
        Exit exit = run(args, commands(store).toArray());
        if (exit.code() == 2) {
            EarlierAttempt.leave(store, exit.message());
        }
        exit.leave();
    }

    /** All of them. */
    static List<Object> commands(HadoopStore store) {
        return List.of(
                new InitCommand(request -> Jobs.init(store, request)),
                new RunCommand(store, recipe -> Jobs.run(recipe, RunVersion.parts()))
                        .checking(recipe -> Jobs.check(recipe, RunVersion.parts())),
                new PrepareCommand(store, recipe -> Jobs.prepare(store, recipe)),
                new PreviewCommand(store, request -> Jobs.preview(store, request)),
                new EvaluateCommand(store, request -> Jobs.evaluate(store, request)),
                new PlanCommand(store, request -> Jobs.plan(store, request)),
                new GenerateCommand(request -> GenerateJob.run(store, request)),
                new ClassifyCommand(request -> ClassifyJob.run(store, request)),
                new ModelsCommand(),
                new SubmitCommand(),
                new MergeCommand(request -> Jobs.merge(store, request)));
    }

    /** What reads the arguments of these commands, of help and of completion. */
    static CommandLine commandLine(Temper temper, Object... commands) {
        CommandLine line = new CommandLine(temper).setExpandAtFiles(false); // a prompt may begin with @
        for (Object command : commands) {
            line.addSubcommand(command);
        }
        line.addSubcommand(new HelpCommand.Completion()).addSubcommand(new HelpCommand());
        HelpCommand.addFooters(line);
        return line.setExecutionStrategy(temper::execute);
    }

    /** Runs the command that the arguments name. */
    @SuppressWarnings("try") // signals are answered while the block runs, no more
    static Exit run(String[] args, Object... commands) {
        RecipeSecrets.learn(args);
        Temper temper = new Temper(args);
        CommandLine line = commandLine(temper, commands);
        line.setOut(writer(System.out)).setErr(writer(System.err));
        line.setParameterExceptionHandler((mistake, given) -> wrongUsage(mistake));
        line.setExecutionExceptionHandler((failure, command, parsed) -> temper.report(failure, command.getErr()));
        try (Withdrawal early = new Withdrawal(Interruption.ofProcess(), () -> temper.abandon(line.getErr()))) {
            int code = line.execute(args);
            return code == temper.exit.code() ? temper.exit : new Exit(code, "wrong usage of the command line");
        } catch (Throwable e) { // memory or a native library: still one line and an exit code
            temper.report(e, line.getErr());
            return temper.exit;
        }
    }

    private int execute(ParseResult parsed) {
        if (master != null) {
            exit = new Exit(2, "--master is read by deploy/temper and spark-submit; put it before the jar");
            spec.commandLine().getErr().println("temper: " + exit.message());
            return exit.code();
        }
        return new RunLast().execute(parsed);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    /** Picocli would write in the charset of the system, which knows less. */
    private static PrintWriter writer(PrintStream out) {
        return new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), true);
    }

    /** One line, as any other mistake; without a command, all that could be meant. */
    private static int wrongUsage(ParameterException mistake) {
        CommandLine command = mistake.getCommandLine();
        PrintWriter err = command.getErr();
        if (mistake instanceof UnmatchedArgumentException || command.getParent() != null) {
            err.println("temper: " + Printable.masked(sentence(mistake, command)));
        } else {
            err.println(Printable.masked(String.valueOf(mistake.getMessage())));
            command.usage(err, command.getColorScheme());
        }
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static String sentence(ParameterException mistake, CommandLine command) {
        boolean isTop = command.getParent() == null;
        String help = "; temper help" + (isTop ? "" : " " + command.getCommandName()) + " shows what there is";
        if (!(mistake instanceof UnmatchedArgumentException unmatched)) {
            return mistake.getMessage() + help;
        }
        String argument = unmatched.getUnmatched().get(0);
        boolean isOption = argument.startsWith("-");
        if (!isOption && !isTop) {
            return "'" + argument + "' belongs to no option; put a text of several words in quotes" + help;
        }
        Set<String> names = isOption
                ? command.getCommandSpec().optionsMap().keySet()
                : command.getSubcommands().keySet();
        String meant = Check.nearest(argument, names, Math.max(2, argument.length() / 3))
                .map(name -> " (" + name + "?)")
                .orElse("");
        return "there is no " + (isOption ? "option " : "command ") + argument + meant + help;
    }

    private int report(Throwable failure, PrintWriter err) {
        exit = Interruption.ofProcess().isAsked() ? interrupted(failure) : Exit.of(failure);
        err.println("temper: " + exit.message());
        if (verbose) {
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            err.print(Printable.lines(Secrets.masked(trace.toString())));
        }
        err.flush();
        return exit.code();
    }

    /** Whatever went wrong when it was to end early went wrong for that. */
    private Exit interrupted(Throwable failure) {
        String what = failure instanceof StoppedException ? failure.getMessage() : "interrupted";
        boolean isRepeated = Arrays.stream(arguments)
                .filter(argument -> !argument.startsWith("-"))
                .findFirst()
                .filter(REPEATED::contains)
                .isPresent();
        return isRepeated
                ? new Exit(Exit.INTERRUPTED, what + "; to go on: " + ShellCommand.of(arguments))
                : new Exit(Signals.exitCode(), what);
    }

    /** The command waits for what nobody answers: the process ends without it. */
    private void abandon(PrintWriter err) {
        report(new StoppedException("interrupted"), err);
        exit.leave();
    }

    /** The build's version and commit. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            return new String[] {"temper " + String.join(" ", RunVersion.parts())};
        }
    }
}
