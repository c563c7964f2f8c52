package dev.temper.jobs;

import dev.temper.run.preview.Preview;
import dev.temper.run.preview.PreviewRun;
import dev.temper.spark.storage.HadoopStore;
import dev.temper.track.Terminal;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** {@code temper preview}: prints rows as a run would prepare them, and writes a page with them where one is wanted. */
final class PreviewJob {
    private PreviewJob() {}

    static void run(HadoopStore store, PreviewCommand.Request request) throws Exception {
        Preview preview = PreviewRun.show(RunJob.environment(store), request.recipe(), request.choice());
        if (request.html().isPresent()) {
            try (OutputStream out =
                    store.write(HadoopStore.resolve(request.html().get()))) {
                out.write(preview.html().getBytes(StandardCharsets.UTF_8));
            }
        }
        if (request.json()) {
            Console.say(preview.json().setAll(preview.summary().json()));
        } else {
            // Colours are ours, its texts are made printable.
            System.out.println(Terminal.hasColours() ? preview.colouredText() : preview.text());
        }
    }
}
