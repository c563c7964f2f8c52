package dev.temper.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.temper.storage.Folder;
import dev.temper.storage.Hashes;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** Token ids of a folder's tokenizer, read from its files without opening the native tokenizer. */
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
     * @param added tokens to add to the tokenizer
     * @throws dev.temper.check.InvalidInputException when a file is missing or damaged; the message names it
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

    /** Those of the tokens to add that the tokenizer already had, so their embedding rows are not new. */
    public List<String> present() {
        return present;
    }

    /** Id of a token by its text; empty if there is no such token. */
    public OptionalInt find(String token) {
        return Vocabulary.id(tokenizer, token);
    }

    /** The largest id plus one. */
    public int size() {
        return Vocabulary.size(tokenizer);
    }

    /** Hash of everything that determines the tokens of a text and its end, independent of the files' layout. */
    public String hash() {
        String roles = SpecialTokens.ROLES.stream()
                .map(role -> role + " " + special.text(role).orElse(""))
                .collect(Collectors.joining(" "));
        return Hashes.sha256(tokenizer + "\n" + roles);
    }
}
