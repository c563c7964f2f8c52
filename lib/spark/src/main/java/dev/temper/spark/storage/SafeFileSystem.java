package dev.temper.spark.storage;

import dev.temper.check.Secrets;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A Hadoop file system that masks secrets in the messages of its exceptions. Exceptions of tasks are written to
 * executor logs, event logs and web pages before the driver sees them, and storage clients quote requests and settings.
 */
final class SafeFileSystem extends FilterFileSystem {
    private SafeFileSystem(FileSystem files) {
        super(files);
    }

    static FileSystem of(Path path, Configuration configuration) throws IOException {
        return new SafeFileSystem(told(() -> path.getFileSystem(configuration)));
    }

    private interface Call<T> {
        T call() throws IOException;
    }

    private static <T> T told(Call<T> call) throws IOException {
        try {
            return call.call();
        } catch (IOException e) {
            throw Secrets.masked(e);
        } catch (RuntimeException e) {
            throw Secrets.masked(e);
        }
    }

    private static void tell(Action action) throws IOException {
        told(() -> {
            action.run();
            return null;
        });
    }

    private interface Action {
        void run() throws IOException;
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        return new FSDataInputStream(new Input(told(() -> fs.open(path, bufferSize))));
    }

    /** As Hadoop's own overload; the inherited one would query block sizes and permissions first. */
    @Override
    public FSDataOutputStream create(Path path, boolean overwrite) throws IOException {
        return new FSDataOutputStream(new Output(told(() -> fs.create(path, overwrite))), null);
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        return told(() -> fs.getFileStatus(path));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        return told(() -> fs.listStatus(path));
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        return told(() -> fs.delete(path, recursive));
    }

    @Override
    public void copyFromLocalFile(boolean deletesSource, boolean overwrites, Path source, Path target)
            throws IOException {
        tell(() -> fs.copyFromLocalFile(deletesSource, overwrites, source, target));
    }

    private static final class Input extends FSInputStream {
        private final FSDataInputStream in;

        Input(FSDataInputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            return told(in::read);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return told(() -> in.read(target, offset, length));
        }

        @Override
        public void seek(long position) throws IOException {
            tell(() -> in.seek(position));
        }

        @Override
        public long getPos() throws IOException {
            return told(in::getPos);
        }

        @Override
        public boolean seekToNewSource(long position) throws IOException {
            return told(() -> in.seekToNewSource(position));
        }

        @Override
        public int available() throws IOException {
            return told(((InputStream) in)::available);
        }

        @Override
        public void close() throws IOException {
            tell(in::close);
        }
    }

    private static final class Output extends OutputStream {
        private final FSDataOutputStream out;

        Output(FSDataOutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            tell(() -> out.write(b));
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            tell(() -> out.write(bytes, offset, length));
        }

        @Override
        public void flush() throws IOException {
            tell(out::flush);
        }

        @Override
        public void close() throws IOException {
            tell(out::close);
        }
    }
}
