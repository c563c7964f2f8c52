package dev.temper.text;

import dev.temper.text.DataConfig.TrainOn;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Formats whose columns are called as their roles. */
final class Formats {
    private Formats() {}

    static RowFormat plain(Format format) {
        return chat(format, TrainOn.COMPLETION, ChatFormat.NONE);
    }

    static RowFormat chat(Format format, TrainOn trainOn, ChatFormat chat) {
        return new RowFormat(format, Map.of(), "\n", "", trainOn, List.of(), chat);
    }

    static DataConfig data(Format format, TrainOn trainOn, String template, Map<String, Object> kwargs) {
        return new DataConfig(
                List.of(DataConfig.Source.of("rows.csv")),
                Optional.empty(),
                0,
                format,
                Map.of(),
                "\n",
                Optional.empty(),
                template,
                kwargs,
                Optional.empty(),
                trainOn,
                1024,
                DataConfig.MAX_CHARACTERS,
                DataConfig.TooLong.TRUNCATE,
                DataConfig.Packing.NONE,
                0.01,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                "UTF-8",
                ",",
                true,
                Optional.empty());
    }

    /** The template with {@code <s>} and {@code </s>} as the tokens that begin and end a text. */
    static ChatFormat template(String text) {
        return new ChatFormat(Map.of("default", text), Map.of("bos_token", "<s>", "eos_token", "</s>"), "");
    }
}
