package dev.temper.deploy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The archive that was built before, unpacked as its users do it. */
record Archive(Path root) {
    private static final Path TARGET = Path.of(System.getProperty("temper.root"), "deploy", "target");

    static Archive unpack(Path folder) throws IOException, InterruptedException {
        Path archive;
        try (Stream<Path> files = Files.list(TARGET)) {
            archive = files.filter(file -> file.toString().endsWith(".tgz"))
                    .findFirst()
                    .orElseThrow();
        }
        Process tar = new ProcessBuilder("tar", "-xzf", archive.toString(), "-C", folder.toString())
                .inheritIO()
                .start();
        if (tar.waitFor() != 0) {
            throw new IOException("tar failed");
        }
        try (Stream<Path> folders = Files.list(folder)) {
            return new Archive(folders.findFirst().orElseThrow());
        }
    }

    Path jar() {
        return root.resolve("temper.jar");
    }

    /** Spark's jars with all that they need: this class path without test libraries. */
    static List<Path> sparkJars() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> path.toString().endsWith(".jar"))
                .filter(path ->
                        !path.toString().matches(".*(temper-testkit|junit|assertj|opentest4j|apiguardian|surefire).*"))
                .toList();
    }

    static Set<String> entries(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            Set<String> names = new TreeSet<>();
            zip.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(ZipEntry::getName)
                    .forEach(names::add);
            return names;
        }
    }
}
