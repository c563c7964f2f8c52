package dev.temper.jobs;

import dev.temper.check.Secrets;
import dev.temper.run.RunListener;
import dev.temper.track.Metric;
import dev.temper.track.ProgressBar;
import java.util.Locale;
import java.util.Set;

/** Shows a run on the console: what it says, the bar, and a line for each evaluation. */
final class ConsoleProgress implements RunListener, AutoCloseable {
    private static final Set<String> SHOWN = Set.of("eval/loss", "eval/accuracy", "eval/exact_match");

    private ProgressBar bar = ProgressBar.standard(1);
    private boolean isTraining; // the bar is there, which nothing may be written into

    @Override
    public synchronized void said(String sentence) {
        Console.say("%s", sentence);
    }

    @Override
    public synchronized void trained() {
        close();
    }

    @Override
    public synchronized void started(int steps) {
        bar.close();
        bar = ProgressBar.standard(steps);
        isTraining = true;
    }

    @Override
    public synchronized void resumed(int step, long tokens) {
        bar.restart();
        bar.print("continues after step " + step);
    }

    @Override
    public synchronized void stepped(Update update) {
        bar.update(new ProgressBar.Progress(
                update.step(),
                update.meanLoss(),
                update.learningRate(),
                update.tokens(),
                update.seconds(),
                update.secondsLeft()));
    }

    @Override
    public synchronized void measured(Metric metric) {
        if (SHOWN.contains(metric.name())) {
            bar.print(String.format(Locale.ROOT, "step %d  %s %.4f", metric.step(), metric.name(), metric.value()));
        }
    }

    @Override
    public synchronized void warned(String sentence) {
        if (isTraining) {
            bar.print(Secrets.masked(sentence));
        } else {
            Console.warn(sentence);
        }
    }

    @Override
    public synchronized void close() {
        isTraining = false;
        bar.close();
    }
}
