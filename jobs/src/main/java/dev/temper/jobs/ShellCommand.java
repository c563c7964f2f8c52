package dev.temper.jobs;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.check.Secrets;
import dev.temper.recipe.RecipeSecrets;
import dev.temper.recipe.TableSecrets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The command line of this process, for a shell, without the credentials in it. */
final class ShellCommand {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");
    private static final String SUBMIT = "org.apache.spark.deploy.SparkSubmit";

    private ShellCommand() {}

    /** @param arguments of Temper's command line */
    static String of(String[] arguments) {
        String launcher = System.getenv("TEMPER_COMMAND"); // the launcher's name and what it keeps to itself
        if (launcher != null) {
            return Secrets.masked(launcher.strip()) + " " + quoted(Arrays.asList(arguments));
        }
        return submitted()
                .map(all -> "spark-submit " + quoted(all))
                .orElseGet(() -> "temper " + quoted(Arrays.asList(arguments)));
    }

    /** Arguments of the spark-submit that this process is. */
    private static Optional<List<String>> submitted() {
        List<String> all =
                Arrays.asList(ProcessHandle.current().info().arguments().orElse(new String[0]));
        int main = all.indexOf(SUBMIT);
        return main < 0 ? Optional.empty() : Optional.of(all.subList(main + 1, all.size()));
    }

    static String quoted(List<String> arguments) {
        return arguments.stream()
                .map(ShellCommand::masked)
                .map(ShellCommand::quoted)
                .collect(Collectors.joining(" "));
    }

    /** A setting, {@code key=value} or {@code --key=value}, by its key; anything else by the locations in it. */
    private static String masked(String argument) {
        int end = argument.indexOf('=');
        if (end < 0) {
            return Secrets.masked(argument);
        }
        String key = argument.substring(0, end);
        String value = TableSecrets.masked(key, argument.substring(end + 1));
        if (key.startsWith("--") && value.contains("=")) {
            return key + "=" + masked(value);
        }
        ObjectNode setting = JsonNodeFactory.instance.objectNode().put(key, value);
        return key + "=" + RecipeSecrets.removed(setting).path(key).asText();
    }

    private static String quoted(String argument) {
        if (PLAIN.matcher(argument).matches()) {
            return argument;
        }
        if (argument.chars().noneMatch(ShellCommand::isInvisible)) {
            return "'" + argument.replace("'", "'\\''") + "'";
        }
        return argument.codePoints().mapToObj(ShellCommand::escaped).collect(Collectors.joining("", "$'", "'"));
    }

    /** What would change the terminal that shows it. */
    private static boolean isInvisible(int character) {
        return Character.isISOControl(character) || Character.getType(character) == Character.FORMAT;
    }

    private static String escaped(int character) {
        if (isInvisible(character)) {
            return "\\U%08x".formatted(character);
        }
        return (character == '\'' || character == '\\' ? "\\" : "") + Character.toString(character);
    }
}
