package dev.temper.report;

/** This JVM cannot draw text. Runs continue without pictures; the message is one line for the user. */
public final class NoFontsException extends Exception {
    NoFontsException(Throwable cause) {
        super(
                "no pictures: this JVM cannot draw text (" + rootOf(cause)
                        + "); install fontconfig and a font, for example fonts-dejavu-core",
                cause);
    }

    private static String rootOf(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null
                ? root.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }
}
