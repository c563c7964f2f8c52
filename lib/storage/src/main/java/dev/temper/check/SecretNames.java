package dev.temper.check;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Which settings are secret, by their names. */
final class SecretNames {
    static final String REGEX = "(?i)secret|passw|passphrase|token|credential(?!s?[._-]?provider)|signature"
            + "|(access|account|api|auth|encryption|private|shared|storage)[._-]?key|connection[._-]?string"
            + "|\\bsas\\b|\\bsig=";

    private static final Pattern NAME = Pattern.compile(REGEX + "|^sig$|_sas(_|$)");
    /** Settings about a secret, not the secret. */
    private static final Pattern ABOUT = Pattern.compile("(?i)(provider|providers|path|file|dir|directory|location"
            + "|class|impl|interval|lifetime|enabled?|type|name|period|size|timeout|ttl|regex|algorithm|fallback"
            + "|use_ip|keys)$");

    private static final int SHORTEST = 8;

    private SecretNames() {}

    static boolean soundsSecret(String name) {
        return NAME.matcher(name).find();
    }

    /** Whether the value of a setting of this name is a secret that can be told from a word of every day. */
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
