package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.storage.Folder;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * The folder of a tokenizer, on any store; of a remote one the two files are copied once per process.
 *
 * @param localFolder where copies go; the system's temporary folder when empty
 */
record TokenizerFolder(HadoopStore store, String location, String localFolder) implements Serializable {
    static TokenizerFolder of(HadoopStore store, String location, String localFolder) {
        return new TokenizerFolder(store, HadoopStore.resolve(location), localFolder);
    }

    /** The tokenizer of this process; not to be closed. */
    Tokenizer shared() {
        Optional<String> parent = Optional.of(localFolder).filter(name -> !name.isEmpty());
        try {
            return Tokenizer.shared(LocalCopies.tokenizer(new Folder(store, location), parent));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws dev.temper.check.InvalidInputException when the folder does not have it */
    InputStream read(String file) throws IOException {
        String name = location + "/" + file;
        check(store.find(name).isPresent(), "%s is missing: the tokenizer's folder must have it", name);
        return store.read(name);
    }
}
