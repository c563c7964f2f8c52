package dev.temper.testkit;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The class path of a test as jar files, in the two groups of a submitted job.
 *
 * @param application our modules and DJL, for {@code --jars}; first the packed folders of the module under test (its
 *     tests, then its classes)
 * @param spark all other jars, Spark and its dependencies included, as they are in {@code SPARK_HOME/jars}
 */
public record Jars(List<Path> application, List<Path> spark) {
    public Jars {
        application = List.copyOf(application);
        spark = List.copyOf(spark);
    }

    /** The class path of this JVM. Folders on it are packed as jar files in {@code folder}. */
    public static Jars ofClassPath(Path folder) throws IOException {
        List<Path> application = new ArrayList<>();
        List<Path> spark = new ArrayList<>();
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(part).toAbsolutePath();
            if (Files.isDirectory(path)) {
                application.add(pack(path, folder.resolve("classes-" + application.size() + ".jar")));
            } else if (Files.exists(path)) {
                (isOurs(path) ? application : spark).add(path);
            }
        }
        return new Jars(application, spark);
    }

    /** The application's jars in the syntax of {@code --jars}. */
    public String applicationList() {
        return application.stream().map(Path::toString).collect(Collectors.joining(","));
    }

    private static boolean isOurs(Path jar) {
        return String.valueOf(jar.getFileName()).startsWith("temper-")
                || jar.toString().contains("/ai/djl/");
    }

    private static Path pack(Path folder, Path jar) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out)) {
            for (Path file : files) {
                entries.putNextEntry(new JarEntry(folder.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
        return jar;
    }
}
