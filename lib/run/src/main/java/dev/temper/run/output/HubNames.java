package dev.temper.run.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.InvalidInputException;
import dev.temper.recipe.Locations;
import dev.temper.recipe.Recipe;
import dev.temper.recipe.YamlText;
import dev.temper.storage.Folder;
import dev.temper.storage.UntrustedFile;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What bases and data are called on the Hugging Face Hub, where their folders show it. A folder of another name says
 * nothing, and a wrong name would be worse than none.
 */
public final class HubNames {
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
    private static final Pattern MODEL_CACHE = Pattern.compile("(?:.*/)?models--(" + NAME + ")/snapshots/[^/]+/?");
    private static final Pattern DATASET_CACHE =
            Pattern.compile("(?:.*/)?datasets--(" + NAME + ")/snapshots/[^/]+(?:/.*)?");
    private static final Pattern OWNED = Pattern.compile("(" + NAME + ")/(" + NAME + ")");
    private static final List<String> LICENSE = List.of("license", "license_name", "license_link");
    private static final int LONGEST = 200;

    private HubNames() {}

    /** Of a base in the Hub's cache, or one whose config.json names an owner and the name of its folder. */
    public static Optional<String> model(Folder base) throws IOException {
        Optional<String> cached = cached(MODEL_CACHE, base.location());
        if (cached.isPresent() || !base.has("config.json")) {
            return cached;
        }
        try {
            String saved = new ObjectMapper()
                    .readTree(UntrustedFile.bytes(base, "config.json"))
                    .path("_name_or_path")
                    .asText();
            Matcher owned = OWNED.matcher(saved);
            boolean isItself = owned.matches() && owned.group(2).equalsIgnoreCase(Locations.lastName(base.location()));
            return isItself ? Optional.of(saved) : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty(); // whoever reads it for more says so
        }
    }

    /** Of data in the Hub's cache. */
    static List<String> datasets(Recipe recipe) {
        return recipe.data().train().stream()
                .flatMap(source -> source.location().flatMap(location -> cached(DATASET_CACHE, location)).stream())
                .distinct()
                .toList();
    }

    private static Optional<String> cached(Pattern place, String location) {
        Matcher matcher = place.matcher(location);
        return matcher.matches() ? Optional.of(matcher.group(1).replaceFirst("--", "/")) : Optional.empty();
    }

    /** What the base's own card says of its license; nothing where it has none, or one that is none. */
    public static Map<String, String> license(Folder base) throws IOException {
        try {
            return base.has("README.md") ? licenseOf(UntrustedFile.text(base, "README.md")) : Map.of();
        } catch (InvalidInputException e) {
            return Map.of(); // a link out of the folder, or a file without an end: nothing to end a run for
        }
    }

    private static Map<String, String> licenseOf(String text) {
        Map<String, String> license = new LinkedHashMap<>();
        String card = text.replace("\r\n", "\n");
        int end = card.indexOf("\n---", 4);
        if (!card.startsWith("---\n") || end < 0) {
            return license;
        }
        try {
            JsonNode keys = YamlText.parse(card.substring(4, end), "README.md");
            for (String key : LICENSE) {
                String value = keys.path(key).asText();
                boolean isLine = !value.isBlank()
                        && value.length() <= LONGEST
                        && value.chars().noneMatch(Character::isISOControl);
                if (isLine) {
                    license.put(key, value);
                }
            }
        } catch (InvalidInputException e) {
            license.clear();
        }
        return license;
    }
}
