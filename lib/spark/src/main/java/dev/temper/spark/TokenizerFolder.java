package dev.temper.spark;

import static dev.temper.check.Check.check;

import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import dev.temper.text.AddedTokens;
import dev.temper.text.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The folder of a tokenizer, on any store; of a remote one the two files are copied once per process.
 *
 * @param localFolder where copies go; the system's temporary folder when empty
 * @param added {@link AddedTokens#toJson}
 */
record TokenizerFolder(HadoopStore store, String location, String localFolder, String added) implements Serializable {
    static TokenizerFolder of(HadoopStore store, String location, String localFolder, String added) {
        return new TokenizerFolder(store, HadoopStore.resolve(location), localFolder, added);
    }

    /** The tokenizer of this process; not to be closed. */
    Tokenizer shared() {
        Optional<String> parent = Optional.of(localFolder).filter(name -> !name.isEmpty());
        try {
            return Tokenizer.shared(
                    LocalCopies.tokenizer(new Folder(store, location), parent), AddedTokens.ofJson(added));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What makes two tokenizers the same. One that was saved with the added tokens is the one that they were added to.
     *
     * @throws dev.temper.check.InvalidInputException when the folder lacks a file
     */
    List<String> hashes() throws IOException {
        Folder folder = new Folder(store, location);
        for (String file : LocalCopies.TOKENIZER_FILES) {
            check(folder.has(file), "%s is missing: the tokenizer's folder must have it", folder.location(file));
        }
        Map<String, String> changes = AddedTokens.ofJson(added).changes(folder);
        List<String> hashes = new ArrayList<>();
        for (String file : LocalCopies.TOKENIZER_FILES) {
            String text = changes.containsKey(file) ? changes.get(file) : folder.readText(file);
            hashes.add(file + " " + Hashes.sha256(text));
        }
        return hashes;
    }
}
