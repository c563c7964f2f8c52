package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java in the documentation can be copied: it has its imports, compiles, and its page names the artifact. */
final class DocumentationCodeTest {
    private static final Path ROOT = Path.of(System.getProperty("temper.root"));
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");
    private static final Pattern IN_JAVADOC = Pattern.compile("(?ms)^ \\* <pre>\\{@code\n(.*?)^ \\* \\}</pre>$");
    private static final Pattern IMPORTS = Pattern.compile("((?:import [^\n]*\n|\n)*)(.*)", Pattern.DOTALL);
    private static final Pattern TYPE = Pattern.compile("(?m)^public (?:final )?class (\\w+)");

    @TempDir
    private Path folder;

    @Test
    void javaOfThePagesCompiles() throws IOException {
        List<String> pages = new ArrayList<>();
        int blocks = 0;
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            for (Path page : Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList()) {
                List<String> found = found(FENCED, Files.readString(page));
                for (String block : found) {
                    assertCompiles(page + ", block " + ++blocks, block);
                }
                if (!found.isEmpty()) {
                    pages.add(page.getFileName().toString());
                }
            }
        }
        assertThat(pages).contains("README.md", "inference.md", "library.md", "scoring.md");
    }

    @Test
    void javaOfThePackagesCompiles() throws IOException {
        int blocks = 0;
        try (Stream<Path> sources = Files.walk(ROOT.resolve("lib"))) {
            for (Path source : sources.filter(file -> file.endsWith("package-info.java"))
                    .filter(file -> file.toString().contains("src"))
                    .toList()) {
                for (String block : found(IN_JAVADOC, Files.readString(source))) {
                    assertCompiles(source + ", block " + ++blocks, block.replaceAll("(?m)^ \\* ?", ""));
                }
            }
        }
        assertThat(blocks).isPositive();
    }

    @Test
    void pagesNameTheArtifactInItsVersion() throws IOException {
        Matcher version =
                Pattern.compile("<version>([^<]*)</version>").matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertThat(version.find()).isTrue();
        Map<String, String> modules = Map.of("inference.md", "inference", "scoring.md", "spark", "library.md", "run");
        for (Map.Entry<String, String> page : modules.entrySet()) {
            String module = page.getValue();
            assertThat(Files.readString(ROOT.resolve("docs").resolve(page.getKey())))
                    .as(page.getKey())
                    .contains("<artifactId>temper-%s</artifactId>\n  <version>%s</version>"
                            .formatted(module, version.group(1)));
            assertThat(Files.readString(ROOT.resolve("lib/" + module + "/pom.xml")))
                    .contains("<artifactId>temper-" + module + "</artifactId>");
        }
    }

    private static List<String> found(Pattern pattern, String page) {
        return pattern.matcher(page).results().map(result -> result.group(1)).collect(Collectors.toList());
    }

    /** Statements alone are those of a method. */
    private void assertCompiles(String where, String block) throws IOException {
        MatchResult parts = IMPORTS.matcher(block).results().findFirst().orElseThrow();
        Matcher type = TYPE.matcher(block);
        boolean isWhole = type.find();
        String source = isWhole
                ? block
                : parts.group(1) + "class Example {\n    void run() throws Exception {\n" + parts.group(2)
                        + "    }\n}\n";
        Path file = Files.writeString(folder.resolve((isWhole ? type.group(1) : "Example") + ".java"), source);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter told = new StringWriter();
        List<String> options =
                List.of("-proc:none", "-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
        boolean compiles;
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            compiles = compiler.getTask(told, files, null, options, null, files.getJavaFileObjects(file))
                    .call();
        }
        assertThat(compiles).as("%s: %s", where, told).isTrue();
    }
}
