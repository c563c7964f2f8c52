package dev.temper.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is in the archive, and what is not. */
@EnabledOnOs(OS.LINUX)
final class ArchiveTest {
    @TempDir
    private static Path folder;

    private static Archive archive;
    private static Set<String> entries;

    @BeforeAll
    static void unpack() throws Exception {
        archive = Archive.unpack(folder);
        entries = Archive.entries(archive.jar());
    }

    /** In whichever version: Spark's comes first on a class path, so another one of ours would not be found. */
    @Test
    void noClassIsAlsoOneOfSpark() throws IOException {
        Set<String> both = new TreeSet<>();
        List<Path> jars = Archive.sparkJars();
        for (Path jar : jars) {
            both.addAll(Archive.entries(jar));
        }
        assertThat(both)
                .contains("org/apache/spark/SparkContext.class", "com/fasterxml/jackson/core/JsonFactory.class");
        both.retainAll(entries);

        assertThat(both.stream().filter(name -> name.endsWith(".class"))).isEmpty();
    }

    /** What is not known here is relocated, or a library that no Spark distribution has. */
    @Test
    void classesAreOursOrOfLibrariesThatSparkDoesNotHave() {
        assertThat(entries.stream().filter(name -> name.endsWith(".class")))
                .allMatch(name -> name.matches("(dev/temper|ai/djl|com/sun/jna|picocli)/.*"))
                .contains(
                        "dev/temper/jobs/Temper.class",
                        "dev/temper/shaded/com/google/gson/Gson.class",
                        "dev/temper/shaded/org/apache/commons/compress/archivers/ArchiveEntry.class");
        assertThat(entries)
                .noneMatch(name -> name.endsWith("module-info.class"))
                .noneMatch(name -> name.matches("META-INF/.*\\.(SF|RSA|DSA)"))
                .contains(
                        "pytorch/cpu/linux-x86_64/libtorch_cpu.so",
                        "jnilib/linux-x86_64/cpu/libdjl_torch.so",
                        "native/lib/linux-x86_64/cpu/libtokenizers.so");
    }

    @Test
    void servicesOfAllLibrariesAreFound() throws IOException {
        assertThat(service("ai.djl.engine.EngineProvider"))
                .contains("ai.djl.pytorch.engine.PtEngineProvider", "ai.djl.engine.rust.RsEngineProvider");
        assertThat(service("dev.temper.shaded.com.fasterxml.jackson.core.JsonFactory"))
                .contains(
                        "dev.temper.shaded.com.fasterxml.jackson.core.JsonFactory",
                        "dev.temper.shaded.com.fasterxml.jackson.dataformat.yaml.YAMLFactory");
        for (String file : entries.stream()
                .filter(name -> name.startsWith("META-INF/services/"))
                .toList()) {
            assertThat(service(file.substring("META-INF/services/".length())))
                    .as(file)
                    .allMatch(provider -> entries.contains(provider.replace('.', '/') + ".class"));
        }
    }

    private static List<String> service(String name) throws IOException {
        try (ZipFile jar = new ZipFile(archive.jar().toFile())) {
            byte[] text = jar.getInputStream(jar.getEntry("META-INF/services/" + name))
                    .readAllBytes();
            return new String(text, StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .toList();
        }
    }

    /** The same sources give the same bytes: no entry says when it was built. */
    @Test
    void entriesHaveTheTimeOfTheBuildsSettings() throws IOException {
        try (ZipFile jar = new ZipFile(archive.jar().toFile())) {
            assertThat(jar.stream()
                            .filter(entry -> entry.getName().startsWith("dev/temper/"))
                            .map(entry -> entry.getLastModifiedTime().toString()))
                    .isNotEmpty()
                    .allMatch(time -> time.equals("2026-01-01T00:00:00Z"));
        }
    }

    /** Which a build makes that is online. */
    @Test
    void eachLibraryOfTheBillOfMaterialsHasItsLicence() throws IOException {
        assumeThat(archive.root().resolve("temper.cdx.json")).exists();
        String licences = Files.readString(archive.root().resolve("licenses/README.md"));
        Matcher components = Pattern.compile("\"purl\" : \"pkg:maven/([^/\"]+)/([^@\"]+)@")
                .matcher(Files.readString(archive.root().resolve("temper.cdx.json")));
        Set<String> names = new TreeSet<>();
        while (components.find()) {
            if (!components.group(1).equals("dev.temper")
                    && !components.group(1).equals("org.cyclonedx")) {
                names.add(components.group(2));
            }
        }

        assertThat(names).contains("gson", "jna", "pytorch-native-cpu").hasSizeGreaterThan(15);
        assertThat(names).allSatisfy(name -> assertThat(licences).contains("`" + name + "`"));
        assertThat(archive.root().resolve("LICENSE")).exists();
        assertThat(archive.root().resolve("licenses/jackson-core/FastDoubleParser-LICENSE"))
                .exists();
    }
}
