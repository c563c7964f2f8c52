package dev.temper.check;

import static dev.temper.check.Check.check;

import dev.temper.check.UrlSecrets.Kind;
import dev.temper.check.UrlSecrets.Part;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps secrets out of what is printed and written, in one place for the whole process.
 *
 * <p>A location with a login or a query is refused before anything else reads it. Of every text the values that are
 * known to be secret are masked, however they are written: those of settings and environment variables whose names say
 * so, and those that were refused. Logins and queries of URLs that nobody knew of are found by parsing.
 */
public final class Secrets {
    public static final String MASK = "***";
    /**
     * Finds the names of settings whose values are secret; what Spark's own {@code spark.redaction.regex} lacks, too.
     */
    public static final String NAMES = SecretNames.REGEX;

    private static final Map<String, SecretForms> KNOWN = new ConcurrentHashMap<>();

    static {
        System.getenv().forEach(Secrets::learn);
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> !name.equals("sun.java.command")) // prompts may say what they like
                .forEach(name -> learn(name, System.getProperty(name, "")));
    }

    private Secrets() {}

    /** Whether a setting of this name is secret. */
    public static boolean isName(String name) {
        return SecretNames.soundsSecret(name);
    }

    /** Remembers the value of a setting, where its name says that it is secret, and logins in it whatever its name. */
    public static void learn(String name, String value) {
        if (SecretNames.isSecret(name, value) && !value.contains("://")) {
            remember(value);
        }
        UrlSecrets.inText(value).forEach(part -> remember(value, part));
    }

    /** Remembers the logins and queries of a location that nobody may print, if it has any. */
    public static void learn(String location) {
        UrlSecrets.ofLocation(location).forEach(part -> remember(location, part));
    }

    /**
     * Refuses a location that holds a login, a query or a fragment.
     *
     * @param key where the location stands, such as {@code data.train}
     * @throws InvalidInputException that does not tell it
     */
    public static void refuse(String key, String location) {
        Optional<Kind> found = UrlSecrets.inLocation(location);
        if (found.isPresent()) {
            learn(location);
            learn(UrlSecrets.decoded(location));
        }
        check(
                found.filter(Kind.LOGIN::equals).isEmpty(),
                "%s: the location holds a login, which would be printed and written: take it out, and set credentials"
                        + " as spark.hadoop.fs.* (such as fs.s3a.access.key and fs.s3a.secret.key), in a credential"
                        + " provider or in the environment",
                key);
        check(
                found.isEmpty(),
                "%s: the location holds a query (?name=value), which no file system reads and which may be secret:"
                        + " take it out, and set credentials as spark.hadoop.fs.*, in a credential provider or in the"
                        + " environment",
                key);
    }

    /** Refuses a location with a login alone: a name that was found in a store may have any signs. */
    public static void refuseLogin(String key, String location) {
        if (UrlSecrets.inLocation(location).filter(Kind.LOGIN::equals).isPresent()) {
            refuse(key, location);
        }
    }

    /** The text without secrets: for what we say ourselves, and pass on of what others say. */
    public static String masked(String text) {
        String masked = maskedValues(text);
        return masked.contains("://") || masked.contains("=") ? withoutUrlSecrets(masked) : masked;
    }

    /** The text without values that are known to be secret: for data and what models write, which may be about URLs. */
    public static String maskedValues(String text) {
        BitSet told = new BitSet();
        KNOWN.values().forEach(secret -> secret.find(text, told)); // they may overlap
        if (told.isEmpty()) {
            return text;
        }
        StringBuilder safe = new StringBuilder();
        int at = 0;
        for (int from = told.nextSetBit(0); from >= 0; from = told.nextSetBit(at)) {
            safe.append(text, at, from).append(MASK);
            at = told.nextClearBit(from);
        }
        return safe.append(text, at, text.length()).toString();
    }

    /** The failure, or one that says the same without secrets. */
    public static Throwable masked(Throwable failure) {
        return failure instanceof RuntimeException runtime
                ? masked(runtime)
                : isSafe(failure) ? failure : like(failure, new IOException(told(failure), cause(failure)));
    }

    /** The failure, or one that says the same without secrets. */
    public static IOException masked(IOException failure) {
        if (isSafe(failure)) {
            return failure;
        }
        return failure instanceof FileNotFoundException // which asks for an answer of its own
                ? like(failure, new FileNotFoundException(masked(String.valueOf(failure.getMessage()))))
                : like(failure, new IOException(told(failure), cause(failure)));
    }

    /** The failure, or one that says the same without secrets. */
    public static RuntimeException masked(RuntimeException failure) {
        if (isSafe(failure)) {
            return failure;
        }
        if (failure instanceof InvalidInputException) {
            return like(failure, new InvalidInputException(masked(failure.getMessage()), cause(failure)));
        }
        if (failure instanceof FailedRunException) {
            return like(failure, new FailedRunException(masked(failure.getMessage()), cause(failure)));
        }
        return like(failure, new IllegalStateException(told(failure), cause(failure)));
    }

    private static boolean isSafe(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            String text = at.toString();
            if (!masked(text).equals(text) || !Arrays.stream(at.getSuppressed()).allMatch(Secrets::isSafe)) {
                return false;
            }
        }
        return true;
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause == null ? null : like(cause, new IOException(told(cause), cause(cause)));
    }

    private static String told(Throwable failure) {
        boolean isSame = failure.getClass() == IOException.class || failure.getClass() == IllegalStateException.class;
        return masked(isSame && failure.getMessage() != null ? failure.getMessage() : failure.toString());
    }

    private static <T extends Throwable> T like(Throwable failure, T other) {
        other.setStackTrace(failure.getStackTrace());
        return other;
    }

    private static String withoutUrlSecrets(String text) {
        List<Part> parts = UrlSecrets.inText(text).stream()
                .sorted(Comparator.comparingInt(Part::from))
                .toList();
        StringBuilder safe = new StringBuilder();
        int at = 0;
        for (Part part : parts) {
            if (part.to() > at) { // one may lie in another
                safe.append(text, at, Math.max(at, part.from())).append(part.kind() == Kind.LOGIN ? "" : MASK);
                at = part.to();
            }
        }
        return safe.append(text, at, text.length()).toString();
    }

    /** The password of a login, or all of it; the values of a query. */
    private static void remember(String text, Part part) {
        String whole = text.substring(part.from(), part.to());
        if (part.kind() == Kind.LOGIN) {
            String login = whole.substring(0, whole.length() - 1);
            String password = login.substring(login.indexOf(':') + 1);
            boolean isLong = SecretNames.isLong(password);
            remember(isLong ? password : login);
            if (!isLong) {
                remember(login.substring(0, Math.max(login.indexOf(':'), 0))); // as in https://TOKEN:x@host
            }
        } else {
            for (String parameter : whole.split("[?&#;]")) {
                remember(parameter.substring(parameter.indexOf('=') + 1));
            }
        }
    }

    private static void remember(String value) {
        String secret = value.strip();
        if (SecretNames.isLong(secret)) {
            KNOWN.computeIfAbsent(secret, SecretForms::new);
        }
    }
}
