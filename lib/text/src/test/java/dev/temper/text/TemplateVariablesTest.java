package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.jinja.Template;
import dev.temper.storage.Folder;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig.TrainOn;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Variables of the recipe, which a saved template sets itself. */
final class TemplateVariablesTest {
    private static final String CONFIG =
            "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"chat_template\": \"{{ bos_token }}{{ think }}\"}";

    @Test
    void aTemplateSetsWhatItWasToldAndListensToOthers() {
        String template =
                "\n  {% macro m() %}{{ x }}{% endmacro %}{{ x }}|{{ m() }}|{% for i in [1] %}{{ x }}{% endfor %}";
        Map<String, Object> nested = new HashMap<>();
        nested.put("a b", Arrays.asList(1, 2.5, true, null, "z"));
        for (Object value : Arrays.asList(
                false,
                true,
                null,
                -3,
                1.5e-7,
                BigInteger.TWO.pow(70),
                "",
                "it's \"so\" \\ \n\t %} {{ x }} é 漢 \uD83D\uDE00 \u0001 \u2028",
                List.of(),
                Map.of(),
                nested)) {
            Map<String, Object> given = new HashMap<>();
            given.put("x", value);
            String wanted = Template.parse(template).render(given);
            Template saved = Template.parse(new TemplateVariables(given).head(Set.of()) + template);

            assertThat(saved.render(Map.of())).as("%s", value).isEqualTo(wanted);
            assertThat(saved.render(Map.of("x", "other"))).isEqualTo("\nother|other|other");
        }
    }

    @Test
    void whatEveryCallerGivesIsSetWhateverIsGiven() {
        Map<String, Object> variables = Map.of("eos_token", "<end>", "documents", List.of("d"));
        String saved = new TemplateVariables(variables).head(Set.of("bos_token", "eos_token"))
                + "{{ bos_token }}{{ eos_token }}{{ documents[0] }}";

        Map<String, Object> given = new HashMap<>(Map.of("bos_token", "<s>", "eos_token", "</s>"));
        given.put("documents", null);
        assertThat(Template.parse(saved).render(given)).isEqualTo("<s><end>d");
    }

    /** A folder that was trained, opened without its recipe. */
    @Test
    void aFolderRendersWhatWasTrained(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), CONFIG);
        Map<String, Object> variables = Map.of("think", false, "bos_token", "<b>");
        ChatFormat trained = format(Format.MESSAGES, "auto", variables);

        TemplateFiles.write(Folder.local(folder), trained, variables);

        TokenizerFiles files = TokenizerFiles.read(Folder.local(folder));
        ChatFormat opened = ChatFormat.of(files, LocalDate.EPOCH);
        List<Map<String, Object>> question = List.of(Message.of("user", "q"));
        assertThat(opened.prompt(question)).isEqualTo(trained.prompt(question)).isEqualTo("<b>False");
        assertThat(Files.readString(folder.resolve("chat_template.jinja")))
                .isEqualTo("{%- set bos_token = \"<b>\" %}\n{%- set think = think if think is defined else false %}\n"
                        + "{{ bos_token }}{{ think }}");
        // trained once more, with the same and with other variables
        TemplateFiles.write(Folder.local(folder), opened, Map.of("think", true));
        assertThat(ChatFormat.of(TokenizerFiles.read(Folder.local(folder)), LocalDate.EPOCH)
                        .prompt(question))
                .isEqualTo("<b>True");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "thinking ~ auto ~ thinking changes nothing, as the chat template has no such variable; write the name"
                        + " that stands there, or leave it out",
                "thin ~ auto ~ thin changes nothing, as the chat template has no such variable; write the name that"
                        + " stands there, or leave it out",
                "messages ~ auto ~ messages cannot be set there, as each row has its own; leave it out",
                "add_generation_prompt ~ auto ~ add_generation_prompt cannot be set there, as each row has its own;"
                        + " leave it out",
                "a-b ~ auto ~ 'a-b' cannot be the name of a variable; write letters, digits and _",
                "None ~ auto ~ 'None' cannot be the name of a variable; write letters, digits and _"
            })
    void whatCannotBeSetIsRefused(String name, String template, String why) {
        assertThatThrownBy(() -> format(Format.PROMPT_COMPLETION, template, Map.of(name, false)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.chat_template_kwargs: " + why);
        assertThatThrownBy(() -> format(Format.PROMPT_COMPLETION, "none", Map.of(name, false)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.chat_template_kwargs changes nothing, as there is no chat template: name one in"
                        + " data.chat_template, or leave it out");
    }

    @Test
    void aNumberThatIsNoneIsRefused() {
        assertThatThrownBy(() -> format(Format.MESSAGES, "auto", Map.of("think", List.of(Double.NaN))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.chat_template_kwargs: NaN is no number that a template can be given");
    }

    private static ChatFormat format(Format format, String template, Map<String, Object> variables) {
        return ChatFormat.of(
                Formats.data(format, TrainOn.ALL, template, variables),
                new TokenizerFiles("base", CONFIG, Optional.empty(), Map.of()),
                LocalDate.EPOCH);
    }
}
