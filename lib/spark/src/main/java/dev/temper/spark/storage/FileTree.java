package dev.temper.spark.storage;

import dev.temper.storage.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All files in a folder and below, without hidden files ({@code .name}) and folders that programs write
 * ({@code _name}). A link to a folder above is not followed.
 */
public record FileTree(List<Found> files) {
    /**
     * One file.
     *
     * @param name path below the folder
     */
    public record Found(String name, String location, long bytes) {
        public String lastName() {
            return name.substring(name.lastIndexOf('/') + 1);
        }
    }

    public static FileTree walk(HadoopStore store, String folder) throws IOException {
        Walk walk = new Walk(store, new ArrayList<>(), new ArrayList<>());
        walk.into(folder.endsWith("/") ? folder : folder + "/", "");
        return new FileTree(List.copyOf(walk.found()));
    }

    /** @param above the folders on the current path, with links resolved */
    private record Walk(HadoopStore store, List<Found> found, List<Path> above) {
        void into(String folder, String name) throws IOException {
            Optional<Path> real = store.realPath(folder);
            if (real.isPresent() && above.contains(real.get())) {
                return;
            }
            real.ifPresent(above::add);
            for (Store.Entry entry : store.list(folder)) {
                boolean isHidden = entry.name().startsWith(".")
                        || (entry.isFolder() && entry.name().startsWith("_"));
                if (entry.isFolder() && !isHidden) {
                    into(folder + entry.name() + "/", name + entry.name() + "/");
                } else if (!isHidden) {
                    found.add(new Found(name + entry.name(), folder + entry.name(), entry.bytes()));
                }
            }
            real.ifPresent(above::remove);
        }
    }
}
