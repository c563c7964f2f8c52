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
 * Where a location, or a text with URLs in it, holds a login or a query. {@link java.net.URI} does not do: of
 * {@code s3a://KEY:SEC/RET@bucket} it takes the first half of the secret for a port.
 */
final class UrlSecrets {
    /** Between their first colon and the path stands no port: it begins a password, whatever is in it. */
    private static final Set<String> WITHOUT_PORTS = Set.of(
            "s3", "s3a", "s3n", "gs", "oss", "cos", "cosn", "obs", "abfs", "abfss", "wasb", "wasbs", "adl", "jceks");
    /** What stands before their @ is a container, or the scheme of another store. */
    private static final Set<String> WITH_CONTAINERS = Set.of("abfs", "abfss", "wasb", "wasbs", "jceks");

    private static final Set<String> WEB = Set.of("http", "https");
    private static final Pattern CONTAINER = Pattern.compile("[$a-z0-9][a-z0-9-]{0,62}");
    private static final Pattern PORT = Pattern.compile("\\d{1,5}");
    /** A location may lack slashes; then only a password counts, for {@code hub:name@revision} has none. */
    private static final Pattern BEGINNING = Pattern.compile("\\s*([A-Za-z][A-Za-z0-9+.-]{1,31}):(/*)|\\s*()(//+)");

    private static final Pattern NAMED = Pattern.compile("[?#](?=[A-Za-z_][\\w.~%-]*=)");
    private static final Pattern PARAMETER = Pattern.compile("[?&;#]([A-Za-z_][\\w.~%-]*)=");
    private static final Pattern END = Pattern.compile("[\\s\"'`<>\\p{Cntrl}]");
    private static final Pattern ALL = Pattern.compile("\\z");
    private static final Pattern END_OF_VALUE = Pattern.compile("[&;#]|" + END);
    private static final int DECODINGS = 3;
    private static final int LONGEST_SCHEME = 32;

    private UrlSecrets() {}

    /** What must not be in a location. */
    enum Kind {
        LOGIN,
        QUERY
    }

    /** A part of a text, with the sign that ends or begins it: {@code user:word@} or {@code ?a=b}. */
    record Part(Kind kind, int from, int to) {}

    /** What a location holds that it must not; percent signs and other locations inside it are looked through. */
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

    /** All parts of one location, of which the whole text is known; of a query every part. */
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
     * The logins of all URLs in a text, and the values of parameters whose names sound secret wherever they stand.
     * Other queries are left alone: a text may be about them.
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
     * @param from behind the slashes
     * @param hasHost whether there are two: a name before an @ is a login, then; with three a path begins
     */
    private record Url(String scheme, String text, int from, int to, boolean hasHost) {
        String rest() {
            return text.substring(from, to);
        }
    }

    /** @param end what ends a URL, besides the next one */
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

    // Not by a regular expression: of a text of letters alone it would try each one as a beginning.
    private static int nextScheme(String text, int from) {
        int colon = text.indexOf("://", from);
        while (colon >= 0 && schemeStart(text, colon) == colon) {
            colon = text.indexOf("://", colon + 1);
        }
        return colon;
    }

    /** Where the scheme before a colon begins; at the colon when there is none. */
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

    /** Behind the @ of a login; 0 when there is none. */
    private static int loginEnd(String scheme, String rest, boolean hasHost) {
        int at = rest.indexOf('@');
        int slash = rest.indexOf('/') < 0 ? rest.length() : rest.indexOf('/');
        int colon = rest.indexOf(':', rest.startsWith("[") ? Math.max(rest.indexOf(']'), 0) : 0);
        boolean hasPassword = colon >= 0 && colon < Math.min(at, slash);
        if (hasPassword) {
            boolean isPort = at > slash
                    && !WITHOUT_PORTS.contains(scheme)
                    && PORT.matcher(rest.substring(colon + 1, slash)).matches();
            return isPort ? 0 : rest.lastIndexOf('@') + 1; // a password may have an @, too
        }
        boolean isUser = hasHost && at >= 0 && at < slash;
        boolean isContainer = isUser
                && WITH_CONTAINERS.contains(scheme)
                && CONTAINER.matcher(rest.substring(0, at)).matches();
        return isUser && !isContainer ? rest.lastIndexOf('@', slash) + 1 : 0;
    }

    /**
     * A ? of a pattern of names begins no query, and a # may stand in a name: only {@code ?name=} does, but on the web.
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

    /** The text with its percent signs resolved; itself where they mean nothing. */
    static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
