package dev.temper.spark.preparing;

import static dev.temper.check.Check.check;

import dev.temper.spark.RenderText;
import dev.temper.spark.TokenizeText;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.storage.Folder;
import dev.temper.text.AddedTokens;
import dev.temper.text.ChatFormat;
import dev.temper.text.ChatFormat.TokenizerFiles;
import dev.temper.text.DataConfig;
import dev.temper.text.DataConfig.TooLong;
import dev.temper.text.DataConfig.TrainOn;
import dev.temper.text.EndOfTurn;
import dev.temper.text.InputColumn;
import dev.temper.text.RenderedText;
import dev.temper.text.RowFormat;
import dev.temper.text.TextKind;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.Row;

/** The stages that turn the columns of a recipe's data into tokens and labels. */
public final class PrepareStages {
    private static final int FIRST_ROWS = 16;
    // limit for the rows that are examined; longer ones take long and may be rejected
    private static final int LOOKED_AT = 1_000_000;

    private final RowFormat format;
    private final RenderText render;
    private final TokenizeText tokenize;

    private PrepareStages(RowFormat format, RenderText render, TokenizeText tokenize) {
        this.format = format;
        this.render = render;
        this.tokenize = tokenize;
    }

    /**
     * @param labels names of the classes, by index; empty unless the format is classification
     * @param tokenizer location of the folder with {@code tokenizer.json}
     * @throws dev.temper.check.InvalidInputException when settings of the data contradict each other
     */
    public static PrepareStages of(DataConfig data, List<String> labels, ChatFormat chat, String tokenizer) {
        RowFormat format = RowFormat.of(data, labels, chat);
        TokenizeText tokenize = new TokenizeText()
                .setTokenizer(tokenizer)
                .setKind(format.kind())
                .setMaxCharacters(data.maxCharacters())
                .setMaxLength(
                        data.packing() == DataConfig.Packing.WRAPPED
                                ? Integer.MAX_VALUE
                                : data.maxLength()) // split into packs later
                // the first such row is reported after all are counted
                .setTooLong(data.tooLong() == TooLong.FAIL ? TooLong.DROP : data.tooLong());
        return new PrepareStages(format, new RenderText().setAll(format), tokenize);
    }

    /**
     * A copy for a tokenizer with added tokens, and a model with a given number of embedding rows.
     *
     * @param vocabulary number of rows of the model's embedding; a text with a token id beyond them is rejected
     */
    public PrepareStages with(AddedTokens added, int vocabulary) {
        tokenize.setAddedTokens(added).setVocabulary(vocabulary);
        return this;
    }

    /**
     * The chat template that the recipe selects, read from the tokenizer's folder.
     *
     * @param tokenizer location of the folder with {@code tokenizer_config.json}
     * @param today date that the template may show, unless the recipe sets one
     * @throws dev.temper.check.InvalidInputException when a template is required and there is none, or it is not valid
     */
    public static ChatFormat chat(HadoopStore store, DataConfig data, String tokenizer, LocalDate today)
            throws IOException {
        Folder folder = store.folder(HadoopStore.resolve(tokenizer));
        TokenizerFiles files = TokenizerFiles.read(folder);
        return ChatFormat.of(data, files, today);
    }

    /** The columns to read, as input of {@link RenderText}. */
    public List<InputColumn> columns() {
        return format.inputColumns();
    }

    /** The stages in their order. Other stages may be inserted between them. */
    public List<Transformer> transformers() {
        return List.of(render, tokenize);
    }

    /**
     * The complete preparation, with the check of the first rows.
     *
     * @param ends {@code eos_token_id} of the model's generation_config.json
     */
    public Preparation preparation(HadoopStore store, Set<Integer> ends) throws IOException {
        List<String> settings = new ArrayList<>();
        settings.add("tokenizer " + tokenize.folder(store).hash());
        settings.add(format.chat().toJson());
        settings.add(format.labels().toString());
        settings.add(tokenize.settings());
        return new Preparation(columns(), transformers(), settings, rows -> checkFirst(store, rows, ends));
    }

    /**
     * Renders and tokenizes the first rows. A broken tokenizer shows here, and a trained answer must end with a token
     * that ends generation. Rows that would be truncated are examined in full.
     *
     * @param rows as {@link RenderText} reads them
     * @param ends {@code eos_token_id} of the model's generation_config.json
     * @throws dev.temper.check.InvalidInputException when an answer does not end so
     */
    public void checkFirst(HadoopStore store, JavaRDD<Row> rows, Set<Integer> ends) {
        CompletableFuture<Tokenizer> tokenizer = CompletableFuture.supplyAsync(tokenize.folder(store)::shared);
        List<RenderedText> first = new ArrayList<>();
        for (Row row : rows.take(FIRST_ROWS)) {
            render.text(row).filter(text -> text.text().length() <= LOOKED_AT).ifPresent(first::add);
        }
        Tokenizer opened = tokenizer.join();
        check(
                format.kind() != TextKind.PLAIN || opened.endToken().isPresent(),
                "the tokenizer of %s has no end token, so a model would never learn to stop: name one of its tokens as"
                        + " eos_token in its tokenizer_config.json",
                tokenize.folder(store).location());
        if (format.kind() == TextKind.CHAT && format.trainOn() != TrainOn.ALL) {
            new EndOfTurn(opened, ends).check(first);
        }
    }
}
