package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One of our TorchScript modules, compiled by libtorch. A call runs in the calling thread and its gradient mode. */
public final class Program implements AutoCloseable {
    private static final List<String> SHARED = List.of("ops.py", "nf4.py");
    /** A line that stands for a method of several classes: TorchScript's archives know no inheritance. */
    private static final String DECODING = "decoding.py";

    private final NDManager manager;
    private final PtSymbolBlock block;

    private Program(NDManager manager, PtSymbolBlock block) {
        this.manager = manager;
        this.block = block;
    }

    /**
     * Compiles a class of {@code src/main/torchscript}.
     *
     * @param type file and class, such as {@code llama.Llama}
     * @param attributes the module's attributes: Integer, Double, Boolean or String
     */
    static Program compile(NDManager manager, String type, Map<String, Object> attributes) {
        Map<String, String> sources = new LinkedHashMap<>();
        String file = type.substring(0, type.indexOf('.')) + ".py";
        SHARED.forEach(shared -> sources.put(shared, source(shared)));
        sources.put(file, source(file).replace("  # " + DECODING + "\n", decoding(type)));
        byte[] archive = Archive.of(type, attributes, sources);
        try {
            PtSymbolBlock block =
                    JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive), false, false);
            return new Program(manager, block);
        } catch (IOException e) {
            throw new IllegalStateException("libtorch refuses the program " + type, e);
        }
    }

    private static String decoding(String type) {
        return source(DECODING).replace("self: Self", "self: __torch__." + type);
    }

    private static String source(String file) {
        try (InputStream in = Program.class.getResourceAsStream("/dev/temper/kernel/torchscript/" + file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the program " + file, e);
        }
    }

    /** Starts a call; arguments follow in the order of the method's parameters. */
    public Call call(String method) {
        return new Call(method);
    }

    @Override
    public void close() {
        block.close();
    }

    /** The arguments of one call. */
    public final class Call {
        private final String method;
        private final List<Argument> arguments = new ArrayList<>();

        private Call(String method) {
            this.method = method;
        }

        /** A tensor. */
        public Call with(NDArray array) {
            arguments.add(new Argument(null, Map.of("", array)));
            return this;
        }

        /** A {@code Dict[str, Tensor]}, not empty. */
        public Call with(String name, Map<String, NDArray> dictionary) {
            arguments.add(new Argument(name, dictionary));
            return this;
        }

        /** A {@code List[Tensor]}, not empty. */
        public Call with(String name, List<NDArray> list) {
            arguments.add(new Argument(name, list));
            return this;
        }

        /** A {@code List[Dict[str, Tensor]]}, not empty. */
        public Call withEach(List<Map<String, NDArray>> dictionaries) {
            arguments.add(new Argument("", dictionaries));
            return this;
        }

        /**
         * Runs the method; a tuple comes back as several arrays.
         *
         * @throws FailedAllocationException when there is no memory for it
         */
        public NDList run() {
            return RunningCalls.during(() -> FailedAllocationException.watch(method, this::call));
        }

        /** Inference mode spares small layers much of their time, but nothing can be recorded in it. */
        private NDList call() {
            IValue[] values = arguments.stream().map(Argument::value).toArray(IValue[]::new);
            try (IValue result = Workspace.isInferring()
                    ? IValueUtils.runMethod(block, method, values)
                    : RecordingCall.run(block, method, values)) {
                return result.toNDList((PtNDManager) manager);
            } finally {
                for (IValue value : values) {
                    value.close();
                }
            }
        }
    }

    /** A tensor (without a name), a dictionary, a list of tensors or one of dictionaries. */
    private record Argument(String name, Object content) {
        IValue value() {
            if (content instanceof Map<?, ?> map) {
                return name == null ? IValue.from((PtNDArray) map.get("")) : dictionary(map);
            }
            List<?> list = (List<?>) content;
            if (list.get(0) instanceof Map<?, ?>) {
                IValue[] dictionaries = list.stream()
                        .map(element -> dictionary((Map<?, ?>) element))
                        .toArray(IValue[]::new);
                IValue all = IValue.listFrom(dictionaries);
                for (IValue dictionary : dictionaries) {
                    dictionary.close();
                }
                return all;
            }
            return IValue.listFrom(list.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
        }

        private static IValue dictionary(Map<?, ?> map) {
            Map<String, PtNDArray> arrays = new HashMap<>();
            map.forEach((key, array) -> arrays.put((String) key, (PtNDArray) array));
            return IValue.stringMapFrom(arrays);
        }
    }
}
