package dev.temper.spark;

import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.Packing;
import dev.temper.text.DataConfig.Source;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.Format;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The settings of prompts and completions that tests vary. */
public final class DataSettings {
    private final List<Source> train = new ArrayList<>();
    private double evalFraction;
    private double maxRejectedFraction;
    private Optional<Source> eval = Optional.empty();
    private OptionalLong maxTrainRows = OptionalLong.empty();
    private OptionalLong maxEvalRows = OptionalLong.empty();
    private Optional<String> balanceBy = Optional.empty();
    private int maxLength = 16;
    private int maxCharacters = DataConfig.MAX_CHARACTERS;
    private TooLong tooLong = TooLong.TRUNCATE;

    public DataSettings training(Object location) {
        return training(location, 1);
    }

    public DataSettings training(Object location, double weight) {
        train.add(new Source(location.toString(), weight));
        return this;
    }

    public DataSettings training(Source source) {
        train.add(source);
        return this;
    }

    public DataSettings evaluating(Source source) {
        eval = Optional.of(source);
        return this;
    }

    public DataSettings evaluating(double fraction) {
        evalFraction = fraction;
        return this;
    }

    public DataSettings evaluatingFile(Object location) {
        eval = Optional.of(Source.of(location.toString()));
        return this;
    }

    public DataSettings rejecting(double fraction) {
        maxRejectedFraction = fraction;
        return this;
    }

    public DataSettings limitedTo(long rows) {
        maxTrainRows = OptionalLong.of(rows);
        return this;
    }

    public DataSettings evaluatingAtMost(long rows) {
        maxEvalRows = OptionalLong.of(rows);
        return this;
    }

    public DataSettings balancedBy(String column) {
        balanceBy = Optional.of(column);
        return this;
    }

    public DataSettings longerThan(int length, TooLong policy) {
        tooLong = policy;
        maxLength = length;
        return this;
    }

    public DataSettings withCharacters(int most) {
        maxCharacters = most;
        return this;
    }

    public DataConfig config() {
        return new DataConfig(
                train,
                eval,
                evalFraction,
                Format.PROMPT_COMPLETION,
                Map.of("prompt", List.of("prompt"), "completion", List.of("completion")),
                "\n",
                Optional.empty(),
                "none",
                Map.of(),
                Optional.empty(),
                TrainOn.COMPLETION,
                maxLength,
                maxCharacters,
                tooLong,
                Packing.NONE,
                maxRejectedFraction,
                maxTrainRows,
                maxEvalRows,
                balanceBy,
                "UTF-8",
                ",",
                true,
                Optional.empty());
    }
}
