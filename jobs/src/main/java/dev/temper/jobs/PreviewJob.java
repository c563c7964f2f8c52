package dev.temper.jobs;

import dev.temper.spark.HadoopStore;
import dev.temper.spark.LocalCopies;
import dev.temper.spark.PreparedData;
import dev.temper.spark.PreparedRow;
import dev.temper.text.Tokenizer;
import dev.temper.track.Terminal;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * {@code temper preview}: prepares the rows as a run would, rejects as many as there are to reject, and shows the first
 * ones.
 */
final class PreviewJob {
    private PreviewJob() {}

    static void run(HadoopStore store, PreviewCommand.Request request) throws Exception {
        PrepareJob.run(store, request.recipe(), request.tolerant(), (rows, data) -> show(store, request, rows, data));
    }

    private static void show(HadoopStore store, PreviewCommand.Request request, RecipeData rows, PreparedData data)
            throws IOException {
        Recipe recipe = request.recipe();
        DataSummary summary = new DataSummary(recipe.data(), recipe.data().maxRejectedFraction(), data);
        Tokenizer tokenizer = Tokenizer.shared(
                LocalCopies.tokenizer(rows.base(), recipe.cluster().localDir()),
                recipe.model().added());
        Preview preview = new Preview(recipe.name(), tokenizer, shown(data, request), summary.text());
        if (request.html().isPresent()) {
            try (OutputStream out =
                    store.write(HadoopStore.resolve(request.html().get()))) {
                out.write(preview.html().getBytes(StandardCharsets.UTF_8));
            }
        }
        if (request.json()) {
            Console.say(preview.json().setAll(summary.json()));
        } else {
            System.out.println(preview.text(Terminal.hasColours())); // colours are ours, its texts are made printable
        }
    }

    private static List<Preview.Shown> shown(PreparedData data, PreviewCommand.Request request) throws IOException {
        List<String> labels = request.recipe().model().labels();
        return PreparedData.first(data.folder(), PreparedRow.Split.TRAIN, request.rows()).stream()
                .map(row -> new Preview.Shown(
                        row.rowId(),
                        "row " + row.rowNumber() + " of " + row.source(),
                        row.tokens(),
                        row.label().isPresent() ? labels.get(row.label().getAsInt()) : ""))
                .toList();
    }
}
