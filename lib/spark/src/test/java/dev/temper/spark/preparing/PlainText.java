package dev.temper.spark.preparing;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.text.ChatFormat;
import dev.temper.text.DataConfig;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** How rows of plain text become tokens. */
final class PlainText {
    private PlainText() {}

    /** Without a chat template. */
    static Preparation preparation(HadoopStore store, DataConfig data, String tokenizer) throws IOException {
        return PrepareStages.of(data, List.of(), ChatFormat.NONE, tokenizer).preparation(store, Set.of());
    }
}
