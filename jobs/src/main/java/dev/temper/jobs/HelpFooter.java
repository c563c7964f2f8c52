package dev.temper.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.recipe.YamlText;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** What stands below the options in the help of each command: examples, and what the launcher reads. */
final class HelpFooter {
    private static final JsonNode TEXTS = YamlText.resource(HelpFooter.class, "help.yaml");

    private HelpFooter() {}

    /** @param temper with all its commands */
    static void addTo(CommandLine temper) {
        temper.getCommandSpec().usageMessage().footer(lines(List.of()));
        temper.getSubcommands()
                .forEach((name, command) ->
                        command.getCommandSpec().usageMessage().footer(lines(examples(name))));
    }

    /** As they are typed, with comments behind a {@code #}. */
    static List<String> examples(String command) {
        return TEXTS.at("/examples/" + command).asText().lines().toList();
    }

    private static String[] lines(List<String> examples) {
        List<String> lines = new ArrayList<>();
        if (!examples.isEmpty()) {
            lines.add("");
            lines.add("Examples:");
            examples.forEach(example -> lines.add("  " + example));
        }
        lines.add("");
        TEXTS.get("footer").textValue().lines().forEach(lines::add);
        return lines.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
    }
}
