package dev.temper.spark;

import dev.temper.spark.storage.HadoopStore;
import dev.temper.spark.storage.LocalCopies;
import dev.temper.storage.Folder;
import dev.temper.text.AddedTokens;
import dev.temper.text.TokenIds;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * A tokenizer's folder on any store. The files of a remote one are copied once per process.
 *
 * @param localFolder for copies; the system's temporary folder when empty
 * @param added {@link AddedTokens#toJson}
 */
public record TokenizerFolder(HadoopStore store, String location, String localFolder, String added)
        implements Serializable {
    static TokenizerFolder of(HadoopStore store, String location, String localFolder, String added) {
        return new TokenizerFolder(store, HadoopStore.resolve(location), localFolder, added);
    }

    /** The tokenizer of this process. Callers must not close it. */
    public Tokenizer shared() {
        Optional<String> parent = Optional.of(localFolder).filter(name -> !name.isEmpty());
        try {
            return Tokenizer.shared(
                    LocalCopies.tokenizer(new Folder(store, location), parent), AddedTokens.ofJson(added));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Hash of everything that determines the tokens of a text. A tokenizer with added tokens has the same hash as one
     * that was saved with them.
     *
     * @throws dev.temper.check.InvalidInputException when the folder has no tokenizer
     */
    public String hash() {
        return TokenIds.read(new Folder(store, location), AddedTokens.ofJson(added))
                .hash();
    }
}
