package dev.temper.check;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Decides by the name of a setting whether its value is a secret. */
final class SecretNames {
    static final String REGEX = "(?i)secret|passw|passphrase|token|credential(?!s?[._-]?provider)|signature"
            + "|(access|account|api|auth|encryption|private|shared|storage)[._-]?key|connection[._-]?string"
            + "|\\bsas\\b|\\bsig=";

    private static final Pattern NAME = Pattern.compile(REGEX + "|^sig$|_sas(_|$)");
    /** Names of settings that are about a secret and do not hold it, such as a path or a time-out. */
    private static final Pattern ABOUT = Pattern.compile("(?i)(provider|providers|path|file|dir|directory|location"
            + "|class|impl|interval|lifetime|enabled?|type|name|period|size|timeout|ttl|regex|algorithm|fallback"
            + "|use_ip|keys)$");

    private static final int SHORTEST = 8;

    private SecretNames() {}

    static boolean soundsSecret(String name) {
        return NAME.matcher(name).find();
    }

    /**
     * Whether the setting's name says that it is secret, and its value is not an everyday word such as {@code true}.
     */
    static boolean isSecret(String name, String value) {
        return isLong(value) && soundsSecret(name) && !ABOUT.matcher(name).find() && !isFile(value);
    }

    static boolean isLong(String value) {
        return value.strip().length() >= SHORTEST;
    }

    private static boolean isFile(String value) {
        try {
            return value.startsWith("/") && Files.exists(Path.of(value));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
