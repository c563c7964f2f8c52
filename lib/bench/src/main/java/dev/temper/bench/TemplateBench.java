package dev.temper.bench;

import dev.temper.jinja.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A chat template with two turns, one thread; {@code compare_data.py} runs it beside Jinja2 as transformers calls it.
 * The messages are other objects each time, as they are for each row.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TemplateBench {
    /** A file with a template. */
    @Param("")
    public String file;

    private Template template;

    /** Parses the template once. */
    @Setup
    public void parse() throws IOException {
        template = Template.parse(Files.readString(Path.of(file))).at(LocalDateTime.of(2024, 7, 26, 0, 0));
    }

    /** Renders a question and an answer. */
    @Benchmark
    public String render() {
        Map<String, Object> context = new HashMap<>();
        context.put(
                "messages", List.of(message("user", "Who invented the light bulb?"), message("assistant", "Edison.")));
        context.put("tools", null);
        context.put("documents", null);
        context.put("add_generation_prompt", false);
        context.put("bos_token", "<|begin_of_text|>");
        context.put("eos_token", "<|eot_id|>");
        return template.render(context);
    }

    private static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new HashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }
}
