package dev.temper.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** The ids of a folder's tokenizer, from its files: nothing is tokenized. */
public final class TokenIds {
    private final ObjectNode tokenizer;
    private final SpecialTokens special;
    private final List<String> present;

    private TokenIds(ObjectNode tokenizer, SpecialTokens special, List<String> present) {
        this.tokenizer = tokenizer;
        this.special = special;
        this.present = present;
    }

    /**
     * @param added tokens that it gets besides its own
     * @throws dev.temper.check.InvalidInputException when the file is missing or damaged, by its name
     */
    public static TokenIds read(Folder folder, AddedTokens added) {
        TokenizerJson files = TokenizerJson.read(folder);
        ObjectNode tree = files.tokenizer();
        List<String> present = added.tokens().stream()
                .map(NewToken::content)
                .filter(token -> Vocabulary.id(tree, token).isPresent())
                .toList();
        added.into(files.text(), tree);
        return new TokenIds(tree, files.special(), present);
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

    /**
     * What makes two tokenizers the same, however their files are laid out: what they do to a text, and how one ends.
     */
    public String hash() {
        String roles = SpecialTokens.ROLES.stream()
                .map(role -> role + " " + special.text(role).orElse(""))
                .collect(Collectors.joining(" "));
        return Hashes.sha256(tokenizer + "\n" + roles);
    }
}
