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

/** Secrets of Spark and Hadoop: which there are, and where these two would tell them. In driver and executors. */
public final class SparkSecrets {
    private static final String REDACTION = "spark.redaction.regex";
    private static volatile boolean isGuarded;

    private SparkSecrets() {}

    /** Remembers what is secret in these settings. */
    public static void learn(SparkConf conf) {
        for (Tuple2<String, String> setting : conf.getAll()) {
            Secrets.learn(setting._1(), setting._2());
        }
    }

    /** Remembers what is secret in these settings, those apart that Hadoop brings itself. */
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

    /** What Spark's web pages and event logs mask: what the user says, and all that sounds secret to us. */
    public static String redaction(SparkConf conf) {
        String own = conf.get(REDACTION, Secrets.NAMES);
        return own.contains(Secrets.NAMES) ? own : "(?:" + own + ")|(?:" + Secrets.NAMES + ")";
    }

    /** From now on no line of a log tells a secret or steers a terminal, wherever it goes and whoever wrote it. */
    static void guardLogs() {
        if (isGuarded) {
            return;
        }
        isGuarded = true;
        try {
            // Spark's and Hadoop's: spark-submit loads our own classes by another loader.
            Object context = LogManager.getContext(Configuration.class.getClassLoader(), false);
            if (context instanceof LoggerContext logs) {
                guard(logs);
                logs.addPropertyChangeListener(change -> guard(logs)); // it was configured anew
            }
        } catch (LinkageError e) {
            // a distribution that logs in another way: what it prints here is guarded where it is printed
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
