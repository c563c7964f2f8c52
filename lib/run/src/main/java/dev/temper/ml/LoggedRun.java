package dev.temper.ml;

import dev.temper.check.Secrets;
import dev.temper.run.RunListener;
import dev.temper.track.Metric;
import java.lang.System.Logger.Level;
import java.util.Locale;

/** Writes what a run says, and each evaluation, to the JDK's {@link System.Logger} {@code dev.temper.ml}. */
final class LoggedRun implements RunListener {
    private static final System.Logger LOG = System.getLogger("dev.temper.ml");

    @Override
    public void said(String sentence) {
        LOG.log(Level.INFO, Secrets.masked(sentence));
    }

    @Override
    public void warned(String sentence) {
        LOG.log(Level.WARNING, Secrets.masked(sentence));
    }

    @Override
    public void measured(Metric metric) {
        if (metric.name().startsWith("eval/")) {
            LOG.log(
                    Level.INFO,
                    String.format(Locale.ROOT, "step %d  %s %.4f", metric.step(), metric.name(), metric.value()));
        }
    }
}
