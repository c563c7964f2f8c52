package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chat template that a model was trained with is the one in its folder. */
final class TrainedTemplateTest {
    private static final String OWN = "{% for m in messages %}{{ m.role }}: {{ m.content }}</s>{% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}";
    private static final String BASES = OWN.replace(": ", "> ");

    @TempDir
    private Path disk;

    /** A base with a template in its config and a named one in a file. */
    @BeforeEach
    void writeBase() throws IOException {
        Path base = Files.createDirectories(disk.resolve("base/additional_chat_templates"));
        Files.writeString(base.resolve("tool_use.jinja"), BASES);
        try (Stream<Path> files = Files.list(SmallRun.BASE)) {
            for (Path file : files.toList()) {
                Files.copy(file, disk.resolve("base").resolve(file.getFileName()));
            }
        }
        Path config = disk.resolve("base/tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"chat_template\": \"old\","));
        Files.writeString(disk.resolve("base/chat_template.jinja"), BASES);
        Files.writeString(disk.resolve("rows.csv"), "prompt,completion\na,b\nc,d\n");
        Files.writeString(disk.resolve("own.jinja"), OWN);
        Files.writeString(
                disk.resolve("recipe.yaml"),
                """
                model: {base: @/base, precision: fp32}
                data: {train: @/rows.csv, max_length: 64}
                training: {max_steps: 1, batch_size: 2, save_strategy: "no", logging_steps: 1}
                """
                        .replace("@", disk.toString()));
    }

    private Path run(String name, String... overrides) {
        List<String> arguments = new ArrayList<>(List.of("run", disk + "/recipe.yaml", "output=" + disk + "/" + name));
        arguments.addAll(List.of(overrides));
        Ended ended = Ended.run(
                arguments.toArray(String[]::new),
                new RunCommand(RunJob.store(), recipe -> RunJob.run(recipe, List.of("test", "commit"))));
        assertThat(ended.code()).as(ended.err()).isZero();
        return disk.resolve(name);
    }

    @Test
    void theRecipesTemplateIsWrittenAndMerged() throws IOException {
        String template = "data.chat_template=" + disk + "/own.jinja";
        assertOwn(run("whole", template).resolve("model"));
        Path adapter = run("lora", template, "adapter={type: lora, r: 2, target_modules: all-linear}")
                .resolve("adapter");
        assertOwn(adapter);

        Ended merged = Ended.run(
                new String[] {"merge", disk + "/base", "--adapter", adapter.toString(), "--output", disk + "/merged"},
                new MergeCommand(request -> MergeJob.run(RunJob.store(), request)));

        assertThat(merged.err()).isEmpty();
        assertOwn(disk.resolve("merged"));
    }

    private static void assertOwn(Path folder) throws IOException {
        assertThat(Files.readString(folder.resolve("chat_template.jinja"))).isEqualTo(OWN);
        assertThat(folder.resolve("additional_chat_templates")).doesNotExist();
        assertThat(Files.readString(folder.resolve("tokenizer_config.json")))
                .doesNotContain("chat_template")
                .contains("\"eos_token\"");
        assertThat(Files.readString(folder.resolve("README.md")))
                .contains(
                        "tokenizer.apply_chat_template(",
                        "from_pretrained(\"path/to/this/folder\")",
                        "- \"conversational\"");
    }

    @Test
    void theBasesTemplatesStayWhereTheRecipeHasNone() throws IOException {
        for (String choice : List.of("auto", "none")) {
            Path model = run(choice, "data.chat_template=" + choice).resolve("model");
            assertThat(Files.readString(model.resolve("chat_template.jinja"))).isEqualTo(BASES);
            assertThat(Files.readString(model.resolve("additional_chat_templates/tool_use.jinja")))
                    .isEqualTo(BASES);
            assertThat(Files.readString(model.resolve("README.md")))
                    .contains(
                            choice.equals("auto")
                                    ? "| chat template | the tokenizer's |"
                                    : "| chat template | none: texts are as they are |");
            assertThat(Files.readString(model.resolve("README.md")).contains("apply_chat_template"))
                    .isEqualTo(choice.equals("auto"));
        }
    }
}
