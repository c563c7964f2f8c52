package dev.temper.recipe;

import static dev.temper.check.Check.check;
import static dev.temper.check.Check.invalid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** YAML to trees and back. What YAML allows but a recipe should not hold (aliases, keys given twice) is refused. */
public final class YamlText {
    private static final YAMLMapper MAPPER = YAMLMapper.builder(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(
                            YAMLParser.Feature
                                    .EMPTY_STRING_AS_NULL) // the builder's default is another than Jackson says
                    .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS) // eval_strategy: no
                    .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .disable(YAMLGenerator.Feature.SPLIT_LINES)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Pattern MARK = Pattern.compile("line \\d+, column \\d+");

    private YamlText() {}

    /** @param source what the text is called in messages, such as its file */
    public static JsonNode parse(String text, String source) {
        try {
            refuseAliases(text, source);
            JsonNode tree = MAPPER.readTree(text);
            return tree.isMissingNode() ? NullNode.instance : tree;
        } catch (JsonProcessingException e) {
            throw invalid("%s: %s", place(source, e), problem(e));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a string has no other trouble
        }
    }

    static String write(JsonNode tree) {
        try {
            return MAPPER.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A YAML file that is part of the program, and lies beside a class. */
    public static ObjectNode resource(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            return (ObjectNode) parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // Jackson's tree would hold the alias' name as if it were a text.
    private static void refuseAliases(String text, String source) throws IOException {
        try (YAMLParser parser = MAPPER.getFactory().createParser(text)) {
            while (parser.nextToken() != null) {
                check(
                        !parser.isCurrentAlias(),
                        "%s, line %d: the alias *%s is not read in a recipe; write its value out",
                        source,
                        parser.getTokenLocation().getLineNr(),
                        parser.getText());
            }
        }
    }

    // The exception's own location is the last token that could be read; the marks are in the message, the last one
    // counts.
    private static String place(String source, JsonProcessingException e) {
        String place = MARK.matcher(e.getOriginalMessage())
                .results()
                .reduce((first, last) -> last)
                .map(MatchResult::group)
                .orElseGet(() -> String.format(
                        Locale.ROOT,
                        "line %d, column %d",
                        e.getLocation().getLineNr(),
                        e.getLocation().getColumnNr()));
        return source + ", " + place;
    }

    /** What people do wrong most often, in words that say what to change. */
    private static String plain(String problem) {
        if (problem.contains("\\t(TAB)")) {
            return "a tab, and YAML indents with spaces alone; put spaces in its place";
        }
        if (problem.startsWith("mapping values are not allowed here")) {
            return "a key in the midst of a value; indent the keys of a section alike, and put a text with ': ' in"
                    + " quotes";
        }
        return problem.startsWith("expected <block end>")
                ? "this line stands neither in the section above it nor beside it; indent the keys of a section alike"
                : problem;
    }

    // The parser says what it was doing, what went wrong, and quotes the text indented: the middle is the problem.
    private static String problem(JsonProcessingException e) {
        return e.getOriginalMessage()
                .lines()
                .filter(line -> !line.startsWith(" ") && !line.isBlank())
                .reduce((first, last) -> last)
                .map(line ->
                        line.startsWith("Duplicate field") ? line.replace("Duplicate field", "duplicate key") : line)
                .map(YamlText::plain)
                .map(line -> line.startsWith("Trailing token") ? "a second document begins; a recipe is one" : line)
                .orElse("not YAML");
    }
}
