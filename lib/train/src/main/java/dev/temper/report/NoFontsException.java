package dev.temper.report;

/** This JVM cannot draw text. A run goes on without pictures: the message is one line to tell so. */
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
