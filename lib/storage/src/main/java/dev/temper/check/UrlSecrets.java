package dev.temper.check;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds logins and queries in a location, or in a text with URLs. {@link java.net.URI} cannot be used: it parses the
 * first half of the secret in {@code s3a://KEY:SEC/RET@bucket} as a port.
 */
final class UrlSecrets {
    /**
     * Schemes whose locations have no port: what follows the first colon is a password, even if it contains a slash.
     */
    private static final Set<String> WITHOUT_PORTS = Set.of(
            "s3", "s3a", "s3n", "gs", "oss", "cos", "cosn", "obs", "abfs", "abfss", "wasb", "wasbs", "adl", "jceks");
    /** Schemes in which the part before the @ is a container, or the scheme of another store, and not a login. */
    private static final Set<String> WITH_CONTAINERS = Set.of("abfs", "abfss", "wasb", "wasbs", "jceks");

    private static final Set<String> WEB = Set.of("http", "https");
    private static final Pattern CONTAINER = Pattern.compile("[$a-z0-9][a-z0-9-]{0,62}");
    private static final Pattern PORT = Pattern.compile("\\d{1,5}");
    /**
     * The beginning of a location. Without slashes, only a login with a password counts, as {@code hub:name@revision}
     * has none.
     */
    private static final Pattern BEGINNING = Pattern.compile("\\s*([A-Za-z][A-Za-z0-9+.-]{1,31}):(/*)|\\s*()(//+)");

    private static final Pattern NAMED = Pattern.compile("[?#](?=[A-Za-z_][\\w.~%-]*=)");
    private static final Pattern PARAMETER = Pattern.compile("[?&;#]([A-Za-z_][\\w.~%-]*)=");
    private static final Pattern END = Pattern.compile("[\\s\"'`<>\\p{Cntrl}]");
    private static final Pattern ALL = Pattern.compile("\\z");
    private static final Pattern END_OF_VALUE = Pattern.compile("[&;#]|" + END);
    private static final int DECODINGS = 3;
    private static final int LONGEST_SCHEME = 32;

    private UrlSecrets() {}

    /** The parts that a location must not have. */
    enum Kind {
        LOGIN,
        QUERY
    }

    /** A range of a text, including its delimiter: {@code user:word@} or {@code ?a=b}. */
    record Part(Kind kind, int from, int to) {}

    /** The forbidden part of a location; percent-encoding and nested locations are decoded first. */
    static Optional<Kind> inLocation(String location) {
        String form = location;
        for (int i = 0; i < DECODINGS; i++) {
            List<Part> parts = ofLocation(form);
            if (!parts.isEmpty()) {
                return Optional.of(parts.get(0).kind());
            }
            form = decoded(form);
        }
        return Optional.empty();
    }

    /** All forbidden parts of a text that is one location; of a query, every value. */
    static List<Part> ofLocation(String location) {
        List<Part> parts = new ArrayList<>();
        Matcher beginning = BEGINNING.matcher(location);
        if (beginning.lookingAt()) {
            String slashes = beginning.group(1) == null ? beginning.group(4) : beginning.group(2);
            boolean hasHost = slashes.length() == 2;
            Url url = new Url(scheme(beginning.group(1)), location, beginning.end(), location.length(), hasHost);
            int inner = nextScheme(url.rest(), 0);
            if (inner < 0 || schemeStart(url.rest(), inner) > 0) { // unlike jdbc:mysql://
                addLogin(parts, url);
                addQuery(parts, url);
            }
        }
        urls(location, ALL).forEach(url -> {
            addLogin(parts, url);
            addQuery(parts, url);
        });
        addParameters(parts, location);
        return parts;
    }

    /**
     * The logins of all URLs in a text, and the values of parameters whose names sound secret. Other queries are left
     * alone, because a text may legitimately contain URLs.
     */
    static List<Part> inText(String text) {
        List<Part> parts = new ArrayList<>();
        urls(text, END).forEach(url -> addLogin(parts, url));
        addParameters(parts, text);
        return parts;
    }

    private static void addParameters(List<Part> parts, String text) {
        Matcher parameter = PARAMETER.matcher(text);
        while (parameter.find()) {
            if (SecretNames.soundsSecret(parameter.group(1))) {
                Matcher end = END_OF_VALUE.matcher(text);
                int to = end.find(parameter.end()) ? end.start() : text.length();
                parts.add(new Part(Kind.QUERY, parameter.end(), to));
            }
        }
    }

    /**
     * @param from index after the slashes
     * @param hasHost whether there are two slashes: then a name before an @ is a login; after three slashes a path
     *     begins
     */
    private record Url(String scheme, String text, int from, int to, boolean hasHost) {
        String rest() {
            return text.substring(from, to);
        }
    }

    /** @param end what ends a URL, besides the beginning of the next one */
    private static List<Url> urls(String text, Pattern end) {
        List<Url> urls = new ArrayList<>();
        for (int colon = nextScheme(text, 0); colon >= 0; ) {
            int begin = colon + 1;
            while (begin < text.length() && text.charAt(begin) == '/') {
                begin++;
            }
            int next = nextScheme(text, begin);
            int limit = next < 0 ? text.length() : schemeStart(text, next);
            Matcher stop = end.matcher(text).region(begin, Math.max(begin, limit));
            int to = stop.find() ? stop.start() : stop.regionEnd();
            String scheme = text.substring(schemeStart(text, colon), colon).toLowerCase(Locale.ROOT);
            urls.add(new Url(scheme, text, begin, to, begin - colon == 3));
            colon = next;
        }
        return urls;
    }

    // Not by a regular expression: in a long run of letters it would try a match at each of them.
    private static int nextScheme(String text, int from) {
        int colon = text.indexOf("://", from);
        while (colon >= 0 && schemeStart(text, colon) == colon) {
            colon = text.indexOf("://", colon + 1);
        }
        return colon;
    }

    /** Index at which the scheme before a colon begins; the index of the colon when there is none. */
    private static int schemeStart(String text, int colon) {
        int start = colon;
        int first = Math.max(0, colon - LONGEST_SCHEME);
        for (int at = colon - 1; at >= first && isOfScheme(text.charAt(at)); at--) {
            start = Character.isLetter(text.charAt(at)) ? at : start;
        }
        return start;
    }

    private static boolean isOfScheme(char sign) {
        return sign < 128 && (Character.isLetterOrDigit(sign) || "+.-".indexOf(sign) >= 0);
    }

    private static void addLogin(List<Part> parts, Url url) {
        boolean isLocal = url.scheme().equals("file") && !url.hasHost();
        int login = isLocal ? 0 : loginEnd(url.scheme(), url.rest(), url.hasHost());
        if (login > 0) {
            parts.add(new Part(Kind.LOGIN, url.from(), url.from() + login));
        }
    }

    private static void addQuery(List<Part> parts, Url url) {
        int query = queryStart(url.scheme(), url.rest());
        if (query >= 0) {
            parts.add(new Part(Kind.QUERY, url.from() + query, url.to()));
        }
    }

    /** Index after the @ of a login; 0 when there is none. */
    private static int loginEnd(String scheme, String rest, boolean hasHost) {
        int at = rest.indexOf('@');
        int slash = rest.indexOf('/') < 0 ? rest.length() : rest.indexOf('/');
        int colon = rest.indexOf(':', rest.startsWith("[") ? Math.max(rest.indexOf(']'), 0) : 0);
        boolean hasPassword = colon >= 0 && colon < Math.min(at, slash);
        if (hasPassword) {
            boolean isPort = at > slash
                    && !WITHOUT_PORTS.contains(scheme)
                    && PORT.matcher(rest.substring(colon + 1, slash)).matches();
            return isPort ? 0 : rest.lastIndexOf('@') + 1; // a password may contain an @
        }
        boolean isUser = hasHost && at >= 0 && at < slash;
        boolean isContainer = isUser
                && WITH_CONTAINERS.contains(scheme)
                && CONTAINER.matcher(rest.substring(0, at)).matches();
        return isUser && !isContainer ? rest.lastIndexOf('@', slash) + 1 : 0;
    }

    /**
     * Index at which a query begins. In file systems a ? is also a wildcard and a # may be part of a name, so only
     * {@code ?name=} begins a query there; in web addresses every ? does.
     */
    private static int queryStart(String scheme, String rest) {
        Matcher named = NAMED.matcher(rest);
        int start = named.find() ? named.start() : -1;
        if (WEB.contains(scheme)) {
            int question = rest.indexOf('?');
            start = question >= 0 && (start < 0 || question < start) ? question : start;
        }
        return start;
    }

    private static String scheme(String name) {
        return name == null ? "" : name.toLowerCase(Locale.ROOT);
    }

    /** The percent-decoded text; the text itself where its percent signs are no valid encoding. */
    static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
