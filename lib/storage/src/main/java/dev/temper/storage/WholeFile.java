package dev.temper.storage;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A file that becomes visible under its name only when it is closed; until then it has a hidden temporary name. */
final class WholeFile extends FilterOutputStream {
    private static final Pattern HIDDEN = Pattern.compile("\\.temper-[0-9a-f]{16}\\.part");

    private final Path hidden;
    private final Path file;
    private boolean isBroken;
    private boolean isClosed;

    private WholeFile(Path hidden, Path file) throws IOException {
        super(Files.newOutputStream(hidden, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        this.hidden = hidden;
        this.file = file;
    }

    static OutputStream write(Path file) throws IOException {
        boolean isSpecial = Files.exists(file) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
        return isSpecial // a terminal, a pipe or a link: written in place, not replaced
                ? Files.newOutputStream(file)
                : new WholeFile(file.resolveSibling(".temper-" + Claimant.hex(8) + ".part"), file);
    }

    /** Whether a file is such a temporary file, of a running or a dead process. */
    static boolean isHidden(Path file) {
        return HIDDEN.matcher(String.valueOf(file.getFileName())).matches();
    }

    /**
     * Deletes temporary files of dead processes in a folder and below. No other process may write there at the time.
     */
    static void sweep(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        List<Path> left;
        try (Stream<Path> files = Files.walk(folder)) {
            left = files.filter(WholeFile::isHidden).toList();
        }
        for (Path file : left) {
            Files.deleteIfExists(file);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length); // the inherited method writes byte by byte
        } catch (IOException e) {
            isBroken = true;
            throw e;
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void close() throws IOException {
        if (isClosed) {
            return;
        }
        isClosed = true;
        try {
            out.close();
            if (!isBroken) {
                Files.move(hidden, file, StandardCopyOption.ATOMIC_MOVE);
            }
        } finally {
            Files.deleteIfExists(hidden);
        }
    }
}
