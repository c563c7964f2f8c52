package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.check.InvalidInputException;
import dev.temper.model.Architecture;
import dev.temper.model.ModelTask;
import dev.temper.model.Task;
import dev.temper.model.TinyModel;
import dev.temper.storage.Folder;
import dev.temper.train.objective.Objectives;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code temper models} says what config.json is read as. */
final class ModelsCommandTest {
    @Test
    void listsEveryTypeWithItsTasks() {
        List<String> lines = models().out().lines().toList();

        List<String> wanted = List.of(
                "model_type    generate  packing  classify  regression  multi-label  full  LoRA  QLoRA  bf16  merge",
                "bert          -         -        yes       yes         yes          yes   yes   yes    yes   yes",
                "gemma2        yes       yes      -         -           -            yes   yes   yes    yes   yes",
                "llama         yes       yes      yes       yes         yes          yes   yes   yes    yes   yes",
                "gemma3: the gemma3_text inside, without its pictures");
        assertThat(lines.get(0)).isEqualTo(wanted.get(0));
        assertThat(lines).containsAll(wanted).allSatisfy(line -> assertThat(line)
                .hasSizeLessThanOrEqualTo(100));
    }

    @ParameterizedTest
    @EnumSource(TinyModel.class)
    void whatItSaysIsWhatIsRead(TinyModel model, @TempDir Path folder) throws Exception {
        model.write(folder);
        String type = Architecture.read(Folder.local(folder)).modelType();

        Map<String, Boolean> read = new TreeMap<>();
        for (Task task : Objectives.tasks()) {
            read.put(task.label(), isRead(folder, ModelTask.of(task, List.of("a", "b"))));
        }
        List<String> tasks = tasks().get(type);
        assertThat(tasks).isNotNull();
        read.forEach((task, isRead) ->
                assertThat(tasks.contains(task)).as(type + " " + task).isEqualTo(isRead));
    }

    private static boolean isRead(Path folder, ModelTask task) throws Exception {
        try {
            Architecture.read(Folder.local(folder), task);
            return true;
        } catch (InvalidInputException e) {
            assertThat(e).hasMessageContaining("cannot be used for");
            return false;
        }
    }

    private static Map<String, List<String>> tasks() throws Exception {
        Map<String, List<String>> tasks = new TreeMap<>();
        for (JsonNode known : new ObjectMapper().readTree(models("--json").out())) {
            List<String> names = new ArrayList<>();
            known.get("tasks").forEach(name -> names.add(name.asText()));
            tasks.put(known.get("model_type").asText(), names);
        }
        return tasks;
    }

    private static Ended models(String... options) {
        List<String> all = new ArrayList<>(List.of("models"));
        all.addAll(List.of(options));
        return Ended.run(all.toArray(String[]::new), new ModelsCommand());
    }
}
