package dev.temper.text;

import static dev.temper.check.Check.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** The ids of a folder's tokenizer, from tokenizer.json alone: nothing is tokenized. */
public final class TokenIds {
    private final ObjectNode tokenizer;
    private final List<String> present;

    private TokenIds(ObjectNode tokenizer, List<String> present) {
        this.tokenizer = tokenizer;
        this.present = present;
    }

    /**
     * @param added tokens that it gets besides its own
     * @throws dev.temper.check.InvalidInputException when the file is missing or damaged, by its name
     */
    public static TokenIds read(Folder folder, AddedTokens added) throws IOException {
        String location = folder.location("tokenizer.json");
        check(folder.has("tokenizer.json"), "%s is missing: the tokenizer's folder must have it", location);
        String json = folder.readText("tokenizer.json");
        ObjectNode tree = Tokenizer.tree(json, Path.of(location));
        List<String> present = added.tokens().stream()
                .map(NewToken::content)
                .filter(token -> Vocabulary.id(tree, token).isPresent())
                .toList();
        added.into(json, tree);
        return new TokenIds(tree, present);
    }

    /** The added tokens that it had before: their rows are not new. */
    public List<String> present() {
        return present;
    }

    /** The id of a token as it is written in a text; empty where it has none of its own. */
    public OptionalInt find(String token) {
        return Vocabulary.id(tokenizer, token);
    }

    /** The largest id and one. */
    public int size() {
        return Vocabulary.size(tokenizer);
    }
}
