package dev.temper.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.storage.Folder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LocalCopiesTest {
    @TempDir
    Path folder;

    /** The second file that is read cannot be, once. */
    public static final class Shaky extends RawLocalFileSystem {
        private static final AtomicInteger READ = new AtomicInteger();

        @Override
        public URI getUri() {
            return URI.create("shaky:///");
        }

        @Override
        public FSDataInputStream open(org.apache.hadoop.fs.Path file, int bufferSize) throws IOException {
            if (READ.incrementAndGet() == 2) {
                throw new IOException("connection reset");
            }
            return super.open(file, bufferSize);
        }
    }

    @Test
    void aCopyThatFailsLeavesNothingAndIsTriedAgain() throws Exception {
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "weights");
        Files.createDirectories(model.resolve("additional_chat_templates"));
        Files.writeString(model.resolve("additional_chat_templates/rag.jinja"), "R");
        Files.createDirectories(model.resolve("checkpoints"));
        Files.writeString(model.resolve("checkpoints/config.json"), "{}");
        Path copies = folder.resolve("copies");
        Configuration configuration = new Configuration();
        configuration.set("fs.shaky.impl", Shaky.class.getName());
        Folder remote = new Folder(new HadoopStore(configuration), "shaky:" + model);

        assertThatThrownBy(() -> LocalCopies.model(remote, Optional.of(copies.toString())))
                .hasMessage("connection reset");
        assertThat(copies).isEmptyDirectory();

        Path copy = LocalCopies.model(remote, Optional.of(copies.toString()));
        assertThat(copy.resolve("config.json")).hasContent("{}");
        assertThat(copy.resolve("model.safetensors")).hasContent("weights");
        assertThat(copy.resolve("additional_chat_templates/rag.jinja")).hasContent("R");
        assertThat(copy.resolve("checkpoints")).doesNotExist();
    }
}
