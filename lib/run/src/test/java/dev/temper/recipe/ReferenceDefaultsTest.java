package dev.temper.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The defaults that the documentation claims are those of the code. */
final class ReferenceDefaultsTest {
    private static final Path DOCS = Path.of(System.getProperty("temper.root"), "docs");
    private static final List<String> LAYERS = List.of("every_recipe", "with_adapter", "with_quantization");

    /** A key, and what a page says is its default. */
    record Claim(String page, String key, String cell) {}

    @ParameterizedTest
    @MethodSource
    void claimedDefaultIsTheCodes(Claim claim) {
        JsonNode said = said(claim.cell());
        JsonNode real = real(claim.key());

        if (said.isMissingNode()) { // in words
            assertThat(claim.cell()).matches("required|.*[a-z]{2}.*");
        } else if (said.isNumber()) {
            assertThat(real.asDouble()).isEqualTo(said.asDouble());
        } else {
            assertThat(real).isEqualTo(said);
        }
    }

    static Stream<Claim> claimedDefaultIsTheCodes() throws IOException {
        List<Claim> claims = new ArrayList<>();
        for (String[] cells : rows("recipe.md")) {
            claims.add(new Claim("recipe.md", unquoted(cells[1]), cells[3]));
        }
        for (String[] cells : rows("from-trainer.md")) {
            if (cells[3].startsWith("`")) {
                String key = unquoted(cells[3]);
                claims.add(new Claim("from-trainer.md", key.startsWith(".") ? "training" + key : key, cells[4]));
            }
        }
        assertThat(claims).hasSizeGreaterThan(120);
        return claims.stream();
    }

    private static List<String[]> rows(String page) throws IOException {
        return Files.readString(DOCS.resolve(page))
                .lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("(?<!\\\\)\\|", -1))
                .map(cells -> Stream.of(cells).map(String::strip).toArray(String[]::new))
                .filter(cells -> cells.length > 5 || cells[1].startsWith("`"))
                .toList();
    }

    private static String unquoted(String cell) {
        return cell.replace("`", "");
    }

    /** The value in a cell that holds nothing else; missing where it is said in words. */
    private static JsonNode said(String cell) {
        if (cell.equals("none")) {
            return YamlText.parse("null", "a page");
        }
        boolean isValue = cell.matches("`[^`]*`");
        return isValue ? YamlText.parse(unquoted(cell), "a page") : MissingNode.getInstance();
    }

    private static JsonNode real(String key) {
        String pointer = "/" + key.replace('.', '/');
        JsonNode value = MissingNode.getInstance();
        for (String layer : LAYERS) {
            JsonNode found = RecipeTree.defaults(layer).at(pointer);
            value = value.isMissingNode() || (value.isNull() && found.isValueNode()) ? found : value;
        }
        JsonNode unset =
                ((ObjectNode) YamlText.resource(Recipe.class, "unbuilt.yaml").get("unset")).path(key);
        return value.isNull() && unset.size() > 0 ? unset.get(0) : value;
    }
}
