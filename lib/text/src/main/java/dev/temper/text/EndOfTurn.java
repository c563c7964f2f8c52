package dev.temper.text;

import dev.temper.check.Check;
import dev.temper.text.RenderedText.Span;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks that trained answers end with a token that ends generation. Otherwise the loss would fall as usual, but the
 * model would never learn where to stop.
 */
public final class EndOfTurn {
    private final Tokenizer tokenizer;
    private final Set<Integer> ends;

    /** @param generationEnds {@code eos_token_id} of the model, besides the tokenizer's end token */
    public EndOfTurn(Tokenizer tokenizer, Set<Integer> generationEnds) {
        this.tokenizer = tokenizer;
        this.ends = new TreeSet<>(generationEnds);
        tokenizer.endToken().ifPresent(ends::add);
    }

    /**
     * @param rows conversations whose answers count in the loss, before truncation
     * @throws dev.temper.check.InvalidInputException when the last answer of a row does not end with such a token
     */
    public void check(List<RenderedText> rows) {
        if (rows.isEmpty()) {
            return;
        }
        Check.check(
                !ends.isEmpty(),
                "neither the tokenizer nor the model names an end token, so the model would never learn to stop: name"
                        + " the token that the chat template writes after an answer as eos_token in"
                        + " tokenizer_config.json");
        List<Encoding> encodings =
                tokenizer.encode(rows.stream().map(RenderedText::text).toList(), Tokenizer.Added.NOTHING);
        for (int i = 0; i < rows.size(); i++) {
            List<Span> spans = rows.get(i).trained();
            if (!spans.isEmpty()) {
                Span last = spans.get(spans.size() - 1);
                String text = rows.get(i).text();
                Check.check(
                        endsIn(encodings.get(i), last),
                        "data.chat_template: what is learned of an answer ends with '%s'%s and holds none of the tokens"
                                + " that end one (%s), so the model would never learn to stop: take a template that"
                                + " writes such a token after the answer, or name the one it writes as eos_token in"
                                + " tokenizer_config.json or as eos_token_id in generation_config.json",
                        visible(text.substring(Math.max(last.start(), last.end() - 30), last.end())),
                        last.end() == text.length()
                                ? ""
                                : ", '" + visible(text.substring(last.end(), Math.min(text.length(), last.end() + 30)))
                                        + "' follows it",
                        String.join(", ", ends.stream().map(tokenizer::text).toList()));
            }
        }
    }

    private boolean endsIn(Encoding encoding, Span span) {
        for (int i = 0; i < encoding.length(); i++) {
            boolean isLearned = span.start() < encoding.ends()[i] && encoding.starts()[i] < span.end();
            if (isLearned && ends.contains(encoding.ids()[i])) {
                return true;
            }
        }
        return false;
    }

    private static String visible(String text) {
        return text.replace("\n", "\\n");
    }
}
