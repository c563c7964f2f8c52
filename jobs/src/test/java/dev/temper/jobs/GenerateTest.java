package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code temper generate} on a folder with a chat template and on one without. */
final class GenerateTest {
    private static final String TEMPLATE =
            "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
                    + "{% if add_generation_prompt %}assistant:{% endif %}";
    private static final String QUESTION = "Date: 3 May 1999 ->";

    @TempDir
    private Path folder;

    @BeforeEach
    void writeModel() throws IOException {
        try (Stream<Path> files = Files.list(SmallRun.BASE)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
    }

    @Test
    void aPromptIsAUsersTurnWhereThereIsATemplate() {
        String answer = answerTo("user: " + QUESTION + "\nassistant:");

        assertThat(out("--prompt", QUESTION)).isEqualTo(answer + "\n");
        assertThat(out("--prompt", QUESTION, "--raw")).startsWith(QUESTION).isNotEqualTo(QUESTION + answer + "\n");
        assertThat(out("--prompt", QUESTION, "--prompt", "b"))
                .isEqualTo("> %s\n%s\n> b\n%s\n".formatted(QUESTION, answer, answerTo("user: b\nassistant:")));
        assertThat(out("--prompt", QUESTION, "--system", "Be brief."))
                .isEqualTo(answerTo("system: Be brief.\nuser: " + QUESTION + "\nassistant:") + "\n");
    }

    @Test
    void withoutATemplateAPromptIsContinued() throws IOException {
        Files.delete(folder.resolve("chat_template.jinja"));

        assertThat(out("--prompt", QUESTION))
                .isEqualTo(out("--prompt", QUESTION, "--raw"))
                .isEqualTo(QUESTION + answerTo(QUESTION) + "\n");
        assertThat(refusal("--prompt", "a", "--system", "b"))
                .isEqualTo("temper: " + folder + " has no chat template, which --system needs: put one there as"
                        + " chat_template.jinja, or give --prompt alone\n");
    }

    @Test
    void theRecipeAboveSaysWhetherPromptsWereContinued() throws IOException {
        Path model = Files.createDirectories(folder.resolve("run/model"));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        String chat = out("--prompt", "a");
        String raw = out("--prompt", "a", "--raw");
        assertThat(chat).isNotEqualTo(raw);
        folder = model;
        Path recipe = model.resolveSibling("run.yaml");

        assertThat(out("--prompt", "a")).isEqualTo(chat);
        for (String plain : List.of("data: {format: text}", "data: {format: messages, chat_template: none}")) {
            Files.writeString(recipe, plain);
            assertThat(out("--prompt", "a")).as(plain).isEqualTo(raw);
        }
        for (String other : List.of("data: {format: messages}", "data: [", "")) { // whatever it is, nobody asked for it
            Files.writeString(recipe, other);
            assertThat(out("--prompt", "a")).as(other).isEqualTo(chat);
        }
        Files.delete(recipe);
        Files.createSymbolicLink(recipe, Path.of("/dev/zero"));
        assertThat(out("--prompt", "a")).isEqualTo(chat);
    }

    @Test
    void conversationsComeFromAFile() throws IOException {
        String answer = answerTo("user: a\nassistant: b\nuser: c\nassistant:");
        String conversation = "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\":"
                + " \"b\"},\n {\"role\": \"user\", \"content\": \"c\"}]";
        Path file = Files.writeString(folder.resolve("asked"), conversation);
        assertThat(out("--messages", file.toString())).isEqualTo(answer + "\n");
        Files.writeString(file, "\ufeff" + conversation); // as Windows writes it
        assertThat(out("--messages", file.toString())).isEqualTo(answer + "\n");
        Files.writeString(file, "[" + conversation + ", " + conversation + "]");
        assertThat(out("--messages", file.toString())).isEqualTo("> c\n%s\n> c\n%s\n".formatted(answer, answer));
        Files.writeString(
                file,
                conversation + "\n{\"id\": 7, \"messages\": [{\"role\": \"system\", \"content\": \"x\"},"
                        + " {\"role\": \"user\", \"content\": \"y\"}]}");

        JsonNode answers =
                new ObjectMapper().readTree(out("--messages", file.toString(), "--json", "--system", "Be brief."));

        assertThat(answers.path(0).path("messages").path(0).path("content").textValue())
                .isEqualTo("Be brief.");
        assertThat(answers.path(0).path("text").textValue())
                .isEqualTo(answerTo("system: Be brief.\nuser: a\nassistant: b\nuser: c\nassistant:"));
        assertThat(answers.path(1).path("messages")).hasSize(2); // it has a system message of its own
        assertThat(answers.path(1).path("text").textValue()).isEqualTo(answerTo("system: x\nuser: y\nassistant:"));
        JsonNode prompted = new ObjectMapper().readTree(out("--prompt", "y", "--json"));
        assertThat(prompted.path(0).path("prompt").textValue()).isEqualTo("y");
        assertThat(prompted.path(0).path("text").textValue()).isEqualTo(answerTo("user: y\nassistant:"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "` ` | is empty; write a list of {role, content} there",
                "[] | , conversation 1: write a list of {role, content}, or an object that has one as messages",
                "{\"role\": \"user\", \"content\": \"a\"} | , conversation 1: write a list of {role, content}, or an"
                        + " object that has one as messages",
                "[{\"role\": \"user\", \"content\": [\"a\"]}] | , conversation 1, message 1: role and content must be"
                        + " texts",
                "[{\"role\": \"user\", \"content\": \"a\"}] [\"a\"] | , conversation 2, message 1: role and content"
                        + " must be texts",
                "[{\"role\": \"user\", \"content\": \"a\", \"tool_calls\": []}] | , conversation 1, message 1:"
                        + " tool_calls is not read, only role and content; leave it out",
                "[{\"role\": \"assistant\", \"content\": \"a\"}] | , conversation 1: its last message is the"
                        + " assistant's; end it with the one to answer",
                "[{\"role\": \"user\" | is no valid JSON: line 1, column 17: Unexpected end-of-input: expected close"
                        + " marker for Object"
            })
    void aFileWithoutConversationsIsRefused(String content, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("asked.json"), content);

        assertThat(refusal("--messages", file.toString()))
                .startsWith("temper: --messages: " + file + (message.startsWith(",") ? "" : " ") + message)
                .doesNotContain("Source")
                .matches("[^\n]*\n");
        assertThat(refusal("--messages", folder.toString()))
                .isEqualTo("temper: --messages: " + folder + " is no file; name one with the messages in JSON\n");
    }

    @Test
    void aRunsOutputAndAClassifierContinueNothing() throws IOException {
        Path run = Files.createDirectories(folder.resolve("run/adapter"));
        Files.writeString(run.resolve("adapter_config.json"), "{}");
        String output = run.getParent().toString();
        assertThat(refusal(Path.of(output)))
                .isEqualTo("temper: FOLDER: %s is the output of a run; name its base, and --adapter %s/adapter\n"
                        .formatted(output, output));
        assertThat(refusal("--prompt", "a", "--adapter", output))
                .isEqualTo("temper: --adapter: %s is the output of a run; name %s/adapter\n".formatted(output, output));
        Path bert = Files.createDirectories(folder.resolve("bert"));
        Files.writeString(bert.resolve("config.json"), "{\"model_type\": \"bert\"}");
        assertThat(refusal(bert))
                .isEqualTo("temper: FOLDER: %s holds a model that continues no text, but classifies; temper classify"
                                .formatted(bert)
                        + " asks it\n");
    }

    private static String refusal(Path model) {
        Ended ended = Ended.run(
                new String[] {"generate", model.toString(), "--prompt", "a"},
                new GenerateCommand(request -> GenerateJob.run(Jobs.store(), request)));
        assertThat(ended.code()).isEqualTo(2);
        return ended.err();
    }

    @Test
    void moreTokensThanTheModelHasPositionsAreRefused() {
        Ended ended = Ended.run(
                new String[] {"generate", folder.toString(), "--prompt", "a", "--max-new-tokens", "100000"},
                new GenerateCommand(request -> GenerateJob.run(Jobs.store(), request)));

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .matches("temper: --max-new-tokens: 100000 is more than the \\d+ positions of \\S+; write fewer\n");
    }

    /** What the model makes of exactly this text. */
    private String answerTo(String rendered) {
        String whole = out("--prompt", rendered, "--raw");
        assertThat(whole).startsWith(rendered);
        return whole.substring(rendered.length(), whole.length() - 1);
    }

    private String out(String... arguments) {
        Ended ended = generate(arguments);
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        return ended.out();
    }

    private String refusal(String... arguments) {
        Ended ended = generate(arguments);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.code()).isEqualTo(2);
        return ended.err();
    }

    private Ended generate(String... arguments) {
        List<String> all = new ArrayList<>(List.of("generate", folder.toString(), "--max-new-tokens", "8"));
        all.addAll(List.of(arguments));
        return Ended.run(
                all.toArray(String[]::new), new GenerateCommand(request -> GenerateJob.run(Jobs.store(), request)));
    }
}
