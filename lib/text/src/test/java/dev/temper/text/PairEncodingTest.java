package dev.temper.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens and token types of pairs are those of transformers, which lib/bench/clients/objectives.py wrote. */
final class PairEncodingTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta", "template", "llama", "llama3", "gpt2"})
    void pairsAreTokenizedAndCutAsInTransformers(String kind) throws Exception {
        JsonNode golden = new ObjectMapper()
                .readTree(PairEncodingTest.class.getResource("/objectives/pairs.json"))
                .path(kind);
        Files.writeString(
                folder.resolve("tokenizer.json"), golden.path("tokenizer").toString());
        assertThat(golden.path("cases")).hasSizeGreaterThan(80);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            for (JsonNode one : golden.path("cases")) {
                PairEncoding pair =
                        tokenizer.encodePair(one.path(0).asText(), one.path(1).asText());
                int maxLength = one.path(2).asInt();

                PairEncoding cut = pair.length() > maxLength ? pair.cut(maxLength) : pair;

                assertThat(cut.ids()).as(one.toString()).isEqualTo(ints(one.path(3)));
                assertThat(cut.types()).as(one.toString()).isEqualTo(ints(one.path(4)));
            }
        }
    }

    @Test
    void whatIsCutFitsWhateverTheLengths() {
        for (int first = 0; first < 12; first++) {
            for (int second = 0; second < 12; second++) {
                for (int maxLength = 3; maxLength < 30; maxLength++) {
                    PairEncoding pair = pair(first, second);

                    int length = pair.cut(maxLength).length();

                    assertThat(length).isEqualTo(Math.min(pair.length(), maxLength));
                }
            }
        }
    }

    /** As BERT's: a token in front, one between, one behind. */
    private static PairEncoding pair(int first, int second) {
        int[] texts = new int[first + second + 3];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = i > 0 && i <= first ? 0 : i > first + 1 && i < texts.length - 1 ? 1 : -1;
        }
        return new PairEncoding(new int[texts.length], new int[texts.length], texts);
    }

    private static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
