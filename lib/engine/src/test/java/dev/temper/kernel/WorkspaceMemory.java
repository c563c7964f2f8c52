package dev.temper.kernel;

import ai.djl.ndarray.NDArray;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What arrays occupy, by their addresses: each byte once, however many arrays show it. Exact, other than what a process
 * has resident. Linux only.
 *
 * @param mapped bytes on pages of files
 * @param held all others
 */
public record WorkspaceMemory(long mapped, long held) {
    /** Of everything that a workspace has made and not freed. */
    public static WorkspaceMemory of(Workspace workspace) throws IOException {
        try (NDArray any = workspace.scalar(0)) {
            return of(any.getManager().getManagedArrays());
        }
    }

    public static WorkspaceMemory of(Collection<NDArray> arrays) throws IOException {
        TreeMap<Long, Long> files = files();
        TreeMap<Long, Long> ends = new TreeMap<>(); // by where they start
        for (NDArray array : arrays) {
            ByteBuffer bytes = Workspace.memory(array);
            if (bytes.capacity() > 0) {
                long start = Pointer.nativeValue(Native.getDirectBufferPointer(bytes));
                ends.merge(start, start + bytes.capacity(), Math::max);
            }
        }
        long mapped = 0;
        long held = 0;
        long done = 0;
        for (Map.Entry<Long, Long> area : ends.entrySet()) {
            long fresh = Math.max(0, area.getValue() - Math.max(done, area.getKey()));
            done = Math.max(done, area.getValue());
            Map.Entry<Long, Long> file = files.floorEntry(area.getKey());
            boolean isMapped = file != null && area.getKey() < file.getValue();
            mapped += isMapped ? fresh : 0;
            held += isMapped ? 0 : fresh;
        }
        return new WorkspaceMemory(mapped, held);
    }

    /** Start and end of each part of the address space that is a file. */
    private static TreeMap<Long, Long> files() throws IOException {
        TreeMap<Long, Long> files = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            List<String> fields = new ArrayList<>(List.of(line.split("\\s+")));
            if (fields.size() > 5 && fields.get(5).startsWith("/")) {
                String[] range = fields.get(0).split("-");
                files.put(Long.parseUnsignedLong(range[0], 16), Long.parseUnsignedLong(range[1], 16));
            }
        }
        return files;
    }
}
