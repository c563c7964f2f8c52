package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.quant.Quantization;
import dev.temper.quant.SharedCodes;
import dev.temper.safetensors.SafetensorsFile;
import dev.temper.safetensors.TensorFiles;
import dev.temper.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A tiny base as it is when it was saved in another way. */
final class SavedBase {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SavedBase() {}

    /** Rewrites the base in 16 bits; its values are cut. */
    static void narrow(Path base, String dtype) throws IOException {
        TensorFiles files = TensorFiles.open(base, "model");
        SafetensorsFile narrow = new SafetensorsFile();
        for (TensorInfo tensor : files.index().tensors().values()) {
            ByteBuffer wide = files.bytes(tensor.name());
            ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes() / 2).order(ByteOrder.LITTLE_ENDIAN);
            while (wide.hasRemaining()) {
                int bits = wide.getInt();
                int exponent = ((bits >>> 23) & 0xff) - 112;
                int half = exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 0x3ff);
                bytes.putShort((short) (dtype.equals("BF16") ? bits >>> 16 : ((bits >>> 16) & 0x8000) | half));
            }
            narrow.add(tensor.name(), dtype, tensor.shape(), bytes.array());
        }
        narrow.write(base.resolve("model.safetensors"));
    }

    /** Saves the base as transformers does when it has loaded it in 4 bits. */
    static void quantize(Path base, Path local) throws IOException {
        TensorFiles files = TensorFiles.open(base, "model");
        List<SharedCodes.Matrix> matrices = files.index().names().stream()
                .filter(name -> name.endsWith("_proj.weight"))
                .map(name -> new SharedCodes.Matrix(name, false))
                .toList();
        Quantization nf4 = Quantization.nf4();
        TensorFiles codes = SharedCodes.kept(local, warning -> {})
                .open(new SharedCodes.Source(nf4, files, matrices))
                .orElseThrow();
        SafetensorsFile both = new SafetensorsFile();
        add(both, codes, "");
        add(both, files, "_proj.weight");
        both.write(base.resolve("model.safetensors"));
        ObjectNode config =
                (ObjectNode) JSON.readTree(base.resolve("config.json").toFile());
        config.putObject("quantization_config")
                .put("quant_method", "bitsandbytes")
                .put("load_in_4bit", true)
                .put("bnb_4bit_quant_type", "nf4");
        Files.writeString(base.resolve("config.json"), config.toString());
    }

    private static void add(SafetensorsFile to, TensorFiles from, String unwanted) throws IOException {
        for (TensorInfo tensor : from.index().tensors().values()) {
            if (unwanted.isEmpty() || !tensor.name().endsWith(unwanted)) {
                byte[] bytes = new byte[(int) tensor.bytes()];
                from.bytes(tensor.name()).get(bytes);
                to.add(tensor.name(), tensor.dtype(), tensor.shape(), bytes);
            }
        }
    }
}
