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
 * Masks secrets in everything that this process prints and writes.
 *
 * <p>Locations that contain a login or a query are refused before anything else reads them. In other texts, known
 * secret values are masked in whatever form they are written: values of settings and environment variables whose names
 * sound secret, and the logins of refused locations. Logins and queries in URLs that were not known before are found by
 * parsing the text.
 */
public final class Secrets {
    public static final String MASK = "***";
    /**
     * Regular expression for names of settings with secret values. It covers more than the default of
     * {@code spark.redaction.regex}.
     */
    public static final String NAMES = SecretNames.REGEX;

    private static final Map<String, SecretForms> KNOWN = new ConcurrentHashMap<>();

    static {
        System.getenv().forEach(Secrets::learn);
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> !name.equals("sun.java.command")) // it contains prompts, which may have any text
                .forEach(name -> learn(name, System.getProperty(name, "")));
    }

    private Secrets() {}

    /** Whether a setting of this name holds a secret. */
    public static boolean isName(String name) {
        return SecretNames.soundsSecret(name);
    }

    /**
     * Registers the value of a setting as secret if its name says so, and any login that it contains whatever its name.
     */
    public static void learn(String name, String value) {
        if (SecretNames.isSecret(name, value) && !value.contains("://")) {
            remember(value);
        }
        UrlSecrets.inText(value).forEach(part -> remember(value, part));
    }

    /** Registers the login and the query of a location as secret, if it has any. */
    public static void learn(String location) {
        UrlSecrets.ofLocation(location).forEach(part -> remember(location, part));
    }

    /**
     * Refuses a location with a login, a query or a fragment.
     *
     * @param key where the location stands, such as {@code data.train}
     * @throws InvalidInputException whose message does not contain the secret
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

    /**
     * Refuses a location with a login. Unlike {@link #refuse}, queries and fragments pass, because names that were
     * listed from a store may contain any character.
     */
    public static void refuseLogin(String key, String location) {
        if (UrlSecrets.inLocation(location).filter(Kind.LOGIN::equals).isPresent()) {
            refuse(key, location);
        }
    }

    /**
     * The text with known secrets, and logins and queries of URLs, masked: for our own messages and those of libraries.
     */
    public static String masked(String text) {
        String masked = maskedValues(text);
        return masked.contains("://") || masked.contains("=") ? withoutUrlSecrets(masked) : masked;
    }

    /**
     * The text with known secret values masked and everything else unchanged: for data and generated texts, which may
     * legitimately contain URLs.
     */
    public static String maskedValues(String text) {
        BitSet told = new BitSet();
        KNOWN.values().forEach(secret -> secret.find(text, told)); // matches may overlap
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

    /** The same exception, or a copy of it whose messages contain no secrets. */
    public static Throwable masked(Throwable failure) {
        return failure instanceof RuntimeException runtime
                ? masked(runtime)
                : isSafe(failure) ? failure : like(failure, new IOException(told(failure), cause(failure)));
    }

    /** The same exception, or a copy of it whose messages contain no secrets. */
    public static IOException masked(IOException failure) {
        if (isSafe(failure)) {
            return failure;
        }
        return failure instanceof FileNotFoundException // callers handle this type separately
                ? like(failure, new FileNotFoundException(masked(String.valueOf(failure.getMessage()))))
                : like(failure, new IOException(told(failure), cause(failure)));
    }

    /** The same exception, or a copy of it whose messages contain no secrets. */
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
            if (part.to() > at) { // parts may overlap
                safe.append(text, at, Math.max(at, part.from())).append(part.kind() == Kind.LOGIN ? "" : MASK);
                at = part.to();
            }
        }
        return safe.append(text, at, text.length()).toString();
    }

    /** Registers the password of a login (the whole login if it has none), or the values of a query. */
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
