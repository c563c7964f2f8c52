package dev.temper.jobs;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Secrets that nothing else holds, and the ways in which a text may tell one: as a whole or a piece of it. */
final class Canaries {
    private static final int PIECE = 8;
    private static final String HARD = "/+%=é漢😀~!$*()[]{}'\"&<>, :;?#\\|^`@";
    private static final String PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private Canaries() {}

    /** Letters and digits, and among them what URLs, YAML, shells and JSON take for something else. */
    static String secret(Random random) {
        int[] hard = HARD.codePoints().toArray();
        StringBuilder secret = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            secret.append(PLAIN.charAt(random.nextInt(PLAIN.length())));
            if (random.nextInt(3) == 0) {
                secret.appendCodePoint(hard[random.nextInt(hard.length)]);
            }
        }
        return secret.append('Z').toString();
    }

    /**
     * The ways to write a secret that a search for it must know; each is cut into pieces, for half of it is too much.
     */
    static List<String> pieces(String secret) {
        String encoded = URLEncoder.encode(secret, StandardCharsets.UTF_8);
        List<String> forms = new ArrayList<>(List.of(secret, encoded, encoded.replace("+", "%20")));
        forms.add(encoded.replace("%2F", "/"));
        forms.add(secret.replace("\\", "\\\\").replace("\"", "\\\""));
        for (String before : List.of("", "x", "xx")) {
            String base64 = Base64.getEncoder()
                    .withoutPadding()
                    .encodeToString((before + secret).getBytes(StandardCharsets.UTF_8));
            forms.add(base64.substring(4, base64.length() - 2));
        }
        return forms.stream()
                .flatMap(form ->
                        IntStream.rangeClosed(0, form.length() - PIECE).mapToObj(at -> form.substring(at, at + PIECE)))
                .distinct()
                .toList();
    }

    /** What of the secret stands in a text. */
    static List<String> found(String text, List<String> pieces) {
        return pieces.stream().filter(text::contains).toList();
    }
}
