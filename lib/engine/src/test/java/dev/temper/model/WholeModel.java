package dev.temper.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A tiny model for texts and pictures: the language model inside is a {@link TinyModel}, the other parts are stubs. */
public final class WholeModel {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> TYPES = Map.of("GEMMA3", "gemma3", "MISTRAL", "mistral3");

    private WholeModel() {}

    /**
     * Writes {@code whole} in a folder, and the part in {@code part}.
     *
     * @param layers prefix of its tensors
     * @param head prefix of the head's tensors; {@code nowhere.} leaves it out
     * @param fields of the whole's config.json
     */
    public static Path write(Path disk, TinyModel model, String layers, String head, String fields) throws IOException {
        Path plain = model.write(disk.resolve("part"));
        Path whole = disk.resolve("whole");
        ObjectNode config = JSON.createObjectNode().put("model_type", TYPES.get(model.name()));
        config.set("text_config", ((ObjectNode) JSON.readTree(model.config())).put("bos_token_id", 5));
        config.put("eos_token_id", 7).put("bos_token_id", 6);
        config.putObject("vision_config").put("hidden_size", 3);
        config.setAll((ObjectNode) JSON.readTree(fields));
        Files.createDirectories(whole);
        Files.writeString(whole.resolve("config.json"), config.toString());
        TensorFiles files = TensorFiles.open(plain, "model");
        SafetensorsFile all = new SafetensorsFile()
                .add("vision_tower.layers.0.self_attn.q_proj.weight", new long[] {1}, 1)
                .add("model.multi_modal_projector.linear_1.weight", new long[] {1}, 1);
        for (TensorInfo tensor : files.index().tensors().values()) {
            byte[] bytes = new byte[(int) tensor.bytes()];
            files.bytes(tensor.name()).get(bytes);
            String name = tensor.name().replaceFirst("^model\\.", layers).replaceFirst("^lm_head\\.", head);
            if (!name.startsWith("nowhere.")) {
                all.add(name, tensor.dtype(), tensor.shape(), bytes);
            }
        }
        all.write(whole.resolve("model.safetensors"));
        return whole;
    }
}
