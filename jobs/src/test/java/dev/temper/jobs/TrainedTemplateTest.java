package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.temper.check.InvalidInputException;
import dev.temper.recipe.RecipeFile;
import dev.temper.recipe.RecipeIdentity;
import dev.temper.recipe.YamlText;
import dev.temper.storage.LocalStore;
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
                new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))));
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
                new MergeCommand(request -> Jobs.merge(Jobs.store(), request)));

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

    /** What a template was told in training it is told without a recipe: of the base's own, and in a merged model. */
    @Test
    void variablesOfTheTemplateAreKept() throws IOException {
        String think = "{{ bos_token }}{% if think %}<t>{% else %}<no>{% endif %}"
                + "{% if api_key %}{{ api_key }}{% endif %}";
        Files.writeString(disk.resolve("base/chat_template.jinja"), think + OWN);
        Files.writeString(disk.resolve("base/additional_chat_templates/tool_use.jinja"), "{{ think }}");
        String variables = "data.chat_template_kwargs={think: true, api_key: hidden}";
        String system = "data.system=Don't say \"so\".";
        Path model = run("whole", variables, system).resolve("model");
        Path adapter = run("lora", variables, system, "adapter={type: lora, r: 2, target_modules: all-linear}")
                .resolve("adapter");
        Ended merged = Ended.run(
                new String[] {"merge", disk + "/base", "--adapter", adapter.toString(), "--output", disk + "/merged"},
                new MergeCommand(request -> Jobs.merge(Jobs.store(), request)));
        assertThat(merged.err()).isEmpty();

        String head = "{%- set think = think if think is defined else true %}\n";
        for (Path folder : List.of(model, adapter, disk.resolve("merged"))) {
            assertThat(Files.readString(folder.resolve("chat_template.jinja"))).isEqualTo(head + think + OWN);
            assertThat(Files.readString(folder.resolve("additional_chat_templates/tool_use.jinja")))
                    .isEqualTo(head + "{{ think }}");
            assertThat(Files.readString(folder.resolve("README.md")))
                    .contains(
                            "| chat template variables | {\"think\":true} |",
                            "| system message | Don't say \"so\". |",
                            "| training.max_steps | 1 |",
                            "[{\"role\": \"system\", \"content\": \"Don't say \\\"so\\\".\"}, {\"role\": \"user\"",
                            " --system 'Don'\\''t say \"so\".' --prompt")
                    .doesNotContain("hidden");
        }
        String rendered = "<t>user: a</s>assistant: ";
        for (List<String> folders :
                List.of(List.of(model.toString()), List.of(disk + "/base", "--adapter", adapter.toString()))) {
            List<String> more = folders.subList(1, folders.size());
            Path folder = Path.of(folders.get(0));
            assertThat(generate(folder, with(more, "--prompt", "a")))
                    .isEqualTo(generate(folder, with(more, "--raw", "--prompt", rendered))
                            .substring(rendered.length()));
        }
    }

    private static String[] with(List<String> arguments, String... more) {
        return Stream.concat(arguments.stream(), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void theBasesTemplatesStayForThoseThatWereTrainedWithThem() throws IOException {
        Path model = run("auto", "data.chat_template=auto").resolve("model");

        assertThat(Files.readString(model.resolve("chat_template.jinja"))).isEqualTo(BASES);
        assertThat(Files.readString(model.resolve("additional_chat_templates/tool_use.jinja")))
                .isEqualTo(BASES);
        assertThat(Files.readString(model.resolve("README.md")))
                .contains("| chat template | the tokenizer's |", "apply_chat_template", "this/folder --prompt");
        assertThat(generate(model, "--prompt", "a")).isNotEqualTo(generate(model, "--prompt", "a", "--raw"));
    }

    @Test
    void whatWasTrainedWithoutATemplateHasNone() throws IOException {
        Path model = run("none", "data.chat_template=none").resolve("model");
        Path adapter = run("lora", "data.chat_template=none", "adapter={type: lora, r: 2, target_modules: all-linear}")
                .resolve("adapter");

        for (Path folder : List.of(model, adapter)) {
            assertThat(folder.resolve("chat_template.jinja")).doesNotExist();
            assertThat(folder.resolve("additional_chat_templates")).doesNotExist();
            assertThat(Files.readString(folder.resolve("tokenizer_config.json")))
                    .doesNotContain("chat_template")
                    .contains("\"eos_token\"");
            assertThat(Files.readString(folder.resolve("README.md")))
                    .contains("| chat template | none: texts are as they are |", " --raw --prompt")
                    .doesNotContain("apply_chat_template");
        }
        Path copy = Files.move(model, disk.resolve("copied")); // away from its run.yaml
        assertThat(generate(copy, "--prompt", "a")).startsWith("a").isEqualTo(generate(copy, "--prompt", "a", "--raw"));
        String base = disk + "/base";
        assertThat(generate(Path.of(base), "--adapter", adapter.toString(), "--prompt", "a"))
                .startsWith("a")
                .isEqualTo(generate(Path.of(base), "--adapter", adapter.toString(), "--prompt", "a", "--raw"));
    }

    /** The template was not trained with, but nobody asked to be without it. */
    @Test
    void afterTextsTheTemplateStaysAndPromptsAreContinued() throws IOException {
        Path model =
                run("text", "data.format=text", "data.columns={text: prompt}").resolve("model");

        assertThat(Files.readString(model.resolve("chat_template.jinja"))).isEqualTo(BASES);
        assertThat(Files.readString(model.resolve("README.md"))).contains(" --raw --prompt");
        assertThat(generate(model, "--prompt", "a")).isEqualTo(generate(model, "--prompt", "a", "--raw"));
        assertThat(generate(model, "--prompt", "a", "--system", "b"))
                .isNotEqualTo(generate(model, "--prompt", "a", "--raw"));
    }

    @Test
    void runYamlHoldsTheTextOfATemplate() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        String place = here.relativize(disk.toRealPath().resolve("own.jinja")).toString();
        Path run = run("own", "data.chat_template=" + place);

        String recipe = disk + "/recipe.yaml";
        String text = YamlText.parse(Files.readString(run.resolve("run.yaml")), "run.yaml")
                .at("/data/chat_template")
                .textValue();

        assertThat(text).isEqualTo(OWN);
        LocalStore store = new LocalStore();
        String hash =
                RecipeIdentity.hash(RecipeFile.read(store, recipe, List.of("output=a", "data.chat_template=" + place)));
        assertThat(RecipeIdentity.hash(
                        RecipeFile.read(store, recipe, List.of("output=a", "data.chat_template=" + quoted(OWN)))))
                .isEqualTo(hash);
        Files.writeString(disk.resolve("own.jinja"), OWN + "!");
        assertThat(RecipeIdentity.hash(
                        RecipeFile.read(store, recipe, List.of("output=a", "data.chat_template=" + place))))
                .isNotEqualTo(hash);
        Files.writeString(disk.resolve("own.jinja"), "own");
        assertThatThrownBy(() -> RecipeFile.read(store, recipe, List.of("output=a", "data.chat_template=" + place)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.chat_template %s is no text of a template: there is no {{ or {%% in it", place);
    }

    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }

    private static String generate(Path folder, String... arguments) {
        List<String> all = new ArrayList<>(List.of("generate", folder.toString(), "--max-new-tokens", "6"));
        all.addAll(List.of(arguments));
        Ended ended = Ended.run(
                all.toArray(String[]::new), new GenerateCommand(request -> GenerateJob.run(Jobs.store(), request)));
        assertThat(ended.code()).as(ended.err()).isZero();
        return ended.out();
    }
}
