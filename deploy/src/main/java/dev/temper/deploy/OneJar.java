package dev.temper.deploy;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * Puts classes and native libraries into one jar. The libraries, a third of a gigabyte, stay compressed as they are:
 * the zip file system copies what it does not change. Equal inputs give equal bytes, in UTC.
 */
final class OneJar {
    private OneJar() {}

    /** @param args the jar to write, the jar of classes, the jar of native libraries, and the time of each entry */
    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        Files.copy(Path.of(args[2]), partial, StandardCopyOption.REPLACE_EXISTING);
        try (FileSystem jar = FileSystems.newFileSystem(partial);
                FileSystem classes = FileSystems.newFileSystem(Path.of(args[1]))) {
            delete(jar.getPath("/META-INF"));
            FileTime time = FileTime.from(Instant.parse(args[3]));
            for (Path source : tree(classes.getPath("/"))) {
                Path entry = jar.getPath(source.toString());
                if (!Files.isDirectory(entry)) { // a directory may be there, a file may not
                    Files.copy(source, entry);
                    Files.getFileAttributeView(entry, BasicFileAttributeView.class)
                            .setTimes(time, time, time);
                }
            }
        }
        Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void delete(Path folder) throws IOException {
        for (Path path : tree(folder)) {
            if (!Files.isDirectory(path)) {
                Files.delete(path);
            }
        }
    }

    private static List<Path> tree(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> path.getNameCount() > 0).sorted().toList();
        }
    }
}
