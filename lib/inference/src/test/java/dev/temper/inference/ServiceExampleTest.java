package dev.temper.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/inference.md works, and is what the page shows. */
final class ServiceExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));

    @TempDir
    Path folder;

    @Test
    void theExampleRuns() throws Exception {
        Path base = TinyFolder.generator(folder.resolve("base"));
        Files.writeString(
                base.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}");
        Path moods = TinyFolder.classifier(folder.resolve("moods"));
        try (ServiceExample service = new ServiceExample(base, TinyFolder.adapter(base), moods)) {
            StringBuilder answer = new StringBuilder();
            service.answer("Who are you?", answer::append);

            assertThat(answer).isNotEmpty();
            assertThat(service.endings(List.of("a", "b"))).hasSize(2);
            assertThat(service.mood("b")).isIn("sad", "glad", "calm", "unclear");
        }
    }

    @Test
    void thePageShowsIt() throws Exception {
        String source =
                Files.readString(ROOT.resolve("lib/inference/src/test/java/dev/temper/inference/ServiceExample.java"));
        String shown = source.substring(source.indexOf("/** A service"));

        assertThat(Files.readString(ROOT.resolve("docs/inference.md"))).contains(shown);
    }
}
