package dev.temper.jobs;

import static dev.temper.check.Check.check;

import dev.temper.recipe.Recipe;
import dev.temper.run.output.RunOutput;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper run}: bad settings fail here, before Spark starts. */
@Command(name = "run", description = "Read, train, evaluate and write, as a recipe says.")
final class RunCommand implements Callable<Integer> {
    private final Store store;
    private final Job<Recipe> job;
    private final Job<Recipe> checks;

    @Mixin
    private RecipeArguments recipe = new RecipeArguments();

    @Option(
            names = "--dry-run",
            description = "Read the rows and make all checks, but do not train, and leave nothing behind.")
    private boolean isDryRun;

    @Option(names = "--quiet", description = "Say nothing but what goes wrong.")
    private boolean isQuiet;

    @Option(
            names = "--json",
            description = "Print the manifest of the finished run as JSON; all else goes to standard error.")
    private boolean json;

    /** @param store where the recipe is read from */
    RunCommand(Store store, Job<Recipe> job) {
        this(store, job, job);
    }

    private RunCommand(Store store, Job<Recipe> job, Job<Recipe> checks) {
        this.store = store;
        this.job = job;
        this.checks = checks;
    }

    /** The same with another job for {@code --dry-run}. */
    RunCommand checking(Job<Recipe> other) {
        return new RunCommand(store, job, other);
    }

    @Override
    public Integer call() throws Exception {
        check(!json || !isDryRun, "--json changes nothing with --dry-run, which writes no manifest; leave one out");
        Recipe settings = recipe.read(store);
        PrintStream out = System.out;
        System.setOut(whileRunning());
        try {
            (isDryRun ? checks : job).run(settings);
        } finally {
            System.out.flush();
            System.setOut(out);
        }
        if (json) {
            String output = HadoopStore.resolve(settings.output());
            Console.say(RunOutput.of(new Folder(store, output)).manifest());
        }
        return 0;
    }

    /** Where everything goes that anybody prints while it runs. */
    private PrintStream whileRunning() {
        if (isQuiet) {
            return new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        }
        return json ? System.err : System.out;
    }
}
