package dev.temper.spark;

import dev.temper.generate.GenerationConfig;
import dev.temper.inference.ChatMessage;
import dev.temper.inference.TextGenerator;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/** Generation settings, serializable for the executors. */
record Sampling(
        boolean chat,
        boolean rendered,
        String system,
        int maxNewTokens,
        boolean doSample,
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        long seed)
        implements Serializable {
    GenerationConfig config() {
        return new GenerationConfig(
                List.of(), 0, maxNewTokens, doSample, temperature, topK, topP, minP, repetitionPenalty);
    }

    List<Optional<String>> generate(TextGenerator generator, List<String> texts, long windowSeed) {
        if (chat) {
            return generator.tryGenerateChat(texts.stream().map(this::messages).toList(), config(), windowSeed);
        }
        return rendered
                ? generator.tryGenerateRendered(texts, config(), windowSeed)
                : generator.tryGenerate(texts, config(), windowSeed);
    }

    List<ChatMessage> messages(String text) {
        ChatMessage question = ChatMessage.user(text);
        return system.isEmpty() ? List.of(question) : List.of(ChatMessage.system(system), question);
    }
}
