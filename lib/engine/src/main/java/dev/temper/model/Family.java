package dev.temper.model;

import java.util.Set;

/** One family of models: how its config.json becomes an {@link Architecture}. Its program lies under torchscript. */
public interface Family {
    /** Values of {@code model_type} that it reads. */
    Set<String> modelTypes();

    /** What its models can be used for. */
    Set<Task> tasks();

    /**
     * @param task one of {@link #tasks}
     * @throws dev.temper.check.InvalidInputException when the config asks for what we do not implement
     */
    Architecture read(ConfigFields config, ModelTask task);

    /** Tells the steps of a layer as its program takes them, so that its memory is known before it runs. */
    void layer(Tape tape);
}
