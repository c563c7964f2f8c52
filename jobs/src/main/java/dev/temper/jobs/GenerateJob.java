package dev.temper.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.temper.eval.Prompts;
import dev.temper.eval.Sample;
import dev.temper.kernel.Workspace;
import dev.temper.model.Network;
import dev.temper.storage.Folder;
import dev.temper.storage.Store;
import dev.temper.text.Tokenizer;
import dev.temper.train.TrainedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code temper generate}: continues prompts with a model folder, with or without an adapter. */
final class GenerateJob {
    private GenerateJob() {}

    static void run(Store store, GenerateCommand.Request request) throws Exception {
        Path base = PretrainedModel.localize(new Folder(store, request.folder()), Optional.empty());
        try (Workspace workspace = Workspace.open(Runtime.getRuntime().availableProcessors())) {
            Network network;
            if (request.adapter().isPresent()) {
                Path adapter = PretrainedModel.localize(
                        new Folder(store, request.adapter().get()), Optional.empty());
                network = TrainedModel.withAdapter(workspace, base, Folder.local(adapter))
                        .network();
            } else {
                network = TrainedModel.frozen(workspace, base);
            }
            Tokenizer tokenizer = Tokenizer.shared(base);
            List<Prompts.Question> questions = request.generation().prompts().stream()
                    .map(text ->
                            new Prompts.Question(text, tokenizer.encode(text).ids()))
                    .toList();
            Set<Integer> ends = RecipeData.ends(Folder.local(base));
            Prompts prompts = new Prompts(tokenizer, request.generation(), questions, List.of(), ends);
            print(prompts.answer(network, 0, 0, 1, request.seed()), request);
        }
    }

    private static void print(List<Sample> samples, GenerateCommand.Request request) {
        if (request.json()) {
            ArrayNode list = new ObjectMapper().createArrayNode();
            samples.forEach(
                    sample -> list.addObject().put("prompt", sample.prompt()).put("text", sample.text()));
            System.out.println(list);
        } else {
            samples.forEach(sample -> System.out.println(sample.prompt() + sample.text()));
        }
    }
}
