package dev.temper.spark.storage;

import dev.temper.check.Printable;
import dev.temper.check.Secrets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Marker;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.apache.logging.log4j.core.impl.LogEventFactory;
import org.apache.logging.log4j.message.Message;
import org.apache.logging.log4j.message.SimpleMessage;
import org.apache.spark.SparkConf;
import scala.Tuple2;

/** Masks secrets of Spark's and Hadoop's settings, and in what these two log and show, on driver and executors. */
public final class SparkSecrets {
    private static final String REDACTION = "spark.redaction.regex";
    private static volatile boolean isGuarded;

    private SparkSecrets() {}

    /** Registers the secrets in these settings. */
    public static void learn(SparkConf conf) {
        for (Tuple2<String, String> setting : conf.getAll()) {
            Secrets.learn(setting._1(), setting._2());
        }
    }

    /** Registers the secrets in these settings, except Hadoop's own defaults. */
    static void learn(Configuration configuration) {
        guardLogs();
        for (Map.Entry<String, String> setting : configuration) {
            boolean isOwn = setting.getValue() != null && !isDefault(configuration, setting.getKey());
            if (isOwn) {
                Secrets.learn(setting.getKey(), setting.getValue());
            }
        }
    }

    private static boolean isDefault(Configuration configuration, String name) {
        String[] sources = configuration.getPropertySources(name);
        return sources != null
                && sources.length > 0
                && Arrays.stream(sources).allMatch(source -> source.endsWith("-default.xml"));
    }

    /**
     * The redaction pattern for Spark's web pages and event logs: the user's, and all names that sound secret to us.
     */
    public static String redaction(SparkConf conf) {
        String own = conf.get(REDACTION, Secrets.NAMES);
        return own.contains(Secrets.NAMES) ? own : "(?:" + own + ")|(?:" + Secrets.NAMES + ")";
    }

    /** Masks secrets and control characters in every line of every log appender from now on, whoever logs it. */
    static void guardLogs() {
        if (isGuarded) {
            return;
        }
        isGuarded = true;
        try {
            // The context of Spark and Hadoop: spark-submit loads our classes with another class loader.
            Object context = LogManager.getContext(Configuration.class.getClassLoader(), false);
            if (context instanceof LoggerContext logs) {
                guard(logs);
                logs.addPropertyChangeListener(change -> guard(logs)); // after a reconfiguration
            }
        } catch (LinkageError e) {
            // a distribution with another logging library: its output is masked where it is printed
        }
    }

    private static void guard(LoggerContext logs) {
        for (LoggerConfig logger : logs.getConfiguration().getLoggers().values()) {
            if (!(logger.getLogEventFactory() instanceof SafeEvents)) {
                logger.setLogEventFactory(new SafeEvents(logger.getLogEventFactory()));
            }
        }
    }

    private record SafeEvents(LogEventFactory events) implements LogEventFactory {
        @Override
        public LogEvent createEvent(
                String logger,
                Marker marker,
                String caller,
                Level level,
                Message message,
                List<Property> properties,
                Throwable failure) {
            return events.createEvent(
                    logger, marker, caller, level, safe(message), properties, failure == null ? null : safe(failure));
        }

        private static Message safe(Message message) {
            String text = message.getFormattedMessage();
            String safe = text == null ? null : Printable.lines(Secrets.masked(text));
            return text == null || safe.equals(text) ? message : new SimpleMessage(safe);
        }

        private static Throwable safe(Throwable failure) {
            return Secrets.masked(failure);
        }
    }
}
