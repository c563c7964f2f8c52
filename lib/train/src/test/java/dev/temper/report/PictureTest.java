package dev.temper.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.eval.ClassificationReport;
import dev.temper.track.Metric;
import java.awt.Color;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

@EnabledIf(value = "dev.temper.report.Examples#canDraw", disabledReason = "no fonts on this machine")
final class PictureTest {
    @Test
    void cellsAreAsDarkAsTheirShare() throws Exception {
        BufferedImage image = decoded(Picture.confusionMatrix(of(90, 10, 40, 60)));

        assertThat(image.getWidth()).isEqualTo(1800);
        assertThat(image.getHeight()).isEqualTo(1400);
        assertThat(colours(image))
                .contains(
                        rgb(ConfusionMatrixChart.shade(0.9)),
                        rgb(ConfusionMatrixChart.shade(0.1)),
                        rgb(ConfusionMatrixChart.shade(0.4)),
                        rgb(ConfusionMatrixChart.shade(0.6)));
    }

    @Test
    void cellsOfTheSameShareShowTheirCounts() throws Exception {
        BufferedImage small = decoded(Picture.confusionMatrix(of(9, 1, 1, 9)));
        BufferedImage large = decoded(Picture.confusionMatrix(of(90, 10, 1, 9)));

        assertThat(differences(small, large, new Rectangle(100, 168, 1600, 400)))
                .isGreaterThan(100); // upper row
        assertThat(differences(small, decoded(Picture.confusionMatrix(of(9, 1, 1, 9))), new Rectangle(1800, 1400)))
                .isZero();
    }

    /** The right cell of the upper row says 0 however many rows of its class there are. */
    @Test
    void cellsShowTheirOwnCounts() throws Exception {
        BufferedImage few = decoded(Picture.confusionMatrix(of(10, 0, 1, 9)));
        BufferedImage many = decoded(Picture.confusionMatrix(of(100, 0, 1, 9)));

        assertThat(differences(few, many, new Rectangle(950, 200, 600, 450))).isZero();
        assertThat(differences(few, many, new Rectangle(300, 200, 600, 450))).isPositive();
    }

    @Test
    void shadesGetDarkerWithEveryStep() {
        for (int i = 0; i < 100; i++) {
            int light = ConfusionMatrixChart.shade(i / 100.0).getGreen();
            assertThat(ConfusionMatrixChart.shade((i + 1) / 100.0).getGreen()).isLessThan(light);
        }
    }

    @Test
    void betterCurvesLieHigher() throws Exception {
        BufferedImage perfect = decoded(Picture.rocCurve(Examples.classified(Examples.FILMS, 500, 100)));
        BufferedImage chance = decoded(Picture.rocCurve(Examples.classified(Examples.FILMS, 500, 0)));
        int line = rgb(Canvas.LINES.get(0));

        assertThat(count(perfect, line, new Rectangle(180, 160, 1400, 30))).isGreaterThan(2000); // along the upper edge
        assertThat(count(chance, line, new Rectangle(180, 160, 1400, 30))).isLessThan(200);
    }

    @Test
    void oneClassOnlyLeavesTheSheetWithoutCurve() throws Exception {
        ClassificationReport report =
                ClassificationReport.of(Examples.FILMS, new int[] {1, 1}, new double[][] {{0.1, 0.9}, {0.6, 0.4}});

        assertThat(colours(decoded(Picture.rocCurve(report)))).doesNotContain(rgb(Canvas.LINES.get(0)));
        assertThat(decoded(Picture.confusionMatrix(report)).getWidth()).isEqualTo(1800);
    }

    /** A score that does not move runs along the upper edge, where the legend of others is. */
    @Test
    void theLegendHidesNoLineWhereThereIsRoom() throws Exception {
        for (double other : List.of(0.3, 0.8)) {
            List<Metric> metrics = new ArrayList<>();
            for (int step = 0; step <= 60; step += 30) {
                metrics.add(new Metric(step, "eval/accuracy", 0.52, Instant.EPOCH));
                metrics.add(new Metric(step, "eval/f1_macro", other, Instant.EPOCH));
            }

            BufferedImage image = decoded(Picture.curves("Scores", metrics));

            int solid = rgb(Canvas.LINES.get(0));
            long longest = IntStream.range(0, image.getHeight())
                    .mapToLong(y -> count(image, solid, new Rectangle(0, y, image.getWidth(), 1)))
                    .max()
                    .orElseThrow();
            assertThat(longest).as("pixels of the flat line beside %s", other).isGreaterThan(1500);
        }
    }

    @Test
    void curvesSurviveValuesThatAreNotFinite() throws Exception {
        List<Metric> metrics = new ArrayList<>(Examples.losses(100));
        metrics.add(new Metric(101, "train/loss", Double.NaN, Instant.EPOCH));
        metrics.add(new Metric(102, "train/loss", Double.POSITIVE_INFINITY, Instant.EPOCH));
        metrics.add(new Metric(3, "eval/only_infinite", Double.POSITIVE_INFINITY, Instant.EPOCH));

        assertThat(colours(decoded(Picture.curves("Loss", metrics))))
                .contains(rgb(Canvas.LINES.get(0)), rgb(Canvas.LINES.get(1)));
        assertThat(decoded(Picture.curves("Nothing", List.of())).getWidth()).isEqualTo(1800);
    }

    @Test
    void manyAndLongNamesStayOnTheSheet() throws Exception {
        List<String> names = Examples.names(80, "a name much longer than a column is wide, and then some, number ");
        ClassificationReport report = Examples.classified(names, 2000, 3);
        int edge = 8; // pixels at the borders that stay paper

        for (Picture picture : List.of(Picture.confusionMatrix(report), Picture.rocCurve(report))) {
            BufferedImage image = decoded(picture);
            for (Rectangle border : List.of(new Rectangle(edge, 1400), new Rectangle(0, 1400 - edge, 1800, edge))) {
                assertThat(count(image, rgb(Canvas.PAPER), border)).isEqualTo((long) border.width * border.height);
            }
        }
    }

    @Test
    void axesHaveRoundNumbers() {
        Axis steps = Axis.ofSteps(DoubleStream.of(1, 1234));
        assertThat(steps.ticks()).containsExactly(0, 200, 400, 600, 800, 1000, 1200);
        assertThat(steps.label(1200)).isEqualTo("1,200");
        Axis values = Axis.ofValues(DoubleStream.of(0.31, 0.52));
        assertThat(values.label(values.ticks()[0])).isEqualTo("0.30");
        Axis equal = Axis.ofValues(DoubleStream.of(2, 2));
        assertThat(equal.part(2)).isEqualTo(0.5);
    }

    /** As in a container image without fonts: AWT's complaint becomes one line. */
    @Test
    void saysSoWhenThereAreNoFonts(@TempDir Path folder) throws Exception {
        Path noFonts = Files.writeString(
                folder.resolve("fonts.conf"),
                "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig></fontconfig>");
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Duser.home=" + folder, // where the JVM remembers the fonts of other runs
                "-cp",
                System.getProperty("java.class.path"),
                Drawing.class.getName());
        builder.environment().put("FONTCONFIG_FILE", noFonts.toString());
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines().toList()).hasSize(1);
        assertThat(output).startsWith("no pictures: this JVM cannot draw text (Fontconfig head is null");
    }

    /** What the JVM without fonts runs. */
    static final class Drawing {
        private Drawing() {}

        public static void main(String[] args) {
            try {
                Picture.curves("Loss", List.of());
                System.out.println("drawn");
            } catch (NoFontsException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    /** Two classes with these counts: actual first, predicted second. */
    private static ClassificationReport of(int trueFirst, int falseSecond, int falseFirst, int trueSecond) {
        int[] counts = {trueFirst, falseSecond, falseFirst, trueSecond};
        List<double[]> probabilities = new ArrayList<>();
        List<Integer> actual = new ArrayList<>();
        for (int cell = 0; cell < 4; cell++) {
            for (int i = 0; i < counts[cell]; i++) {
                actual.add(cell / 2);
                probabilities.add(cell % 2 == 0 ? new double[] {0.8, 0.2} : new double[] {0.2, 0.8});
            }
        }
        int[] classes = actual.stream().mapToInt(Integer::intValue).toArray();
        return ClassificationReport.of(Examples.FILMS, classes, probabilities.toArray(double[][]::new));
    }

    private static BufferedImage decoded(Picture picture) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(picture.png()));
    }

    private static Set<Integer> colours(BufferedImage image) {
        Set<Integer> colours = new TreeSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < 1580; x++) { // without the scale of shares
                colours.add(image.getRGB(x, y));
            }
        }
        return colours;
    }

    private static long count(BufferedImage image, int colour, Rectangle part) {
        int[] pixels = pixels(image, part);
        return Arrays.stream(pixels).filter(pixel -> pixel == colour).count();
    }

    private static long differences(BufferedImage a, BufferedImage b, Rectangle part) {
        int[] first = pixels(a, part);
        int[] second = pixels(b, part);
        return IntStream.range(0, first.length)
                .filter(i -> first[i] != second[i])
                .count();
    }

    private static int[] pixels(BufferedImage image, Rectangle part) {
        return image.getRGB(part.x, part.y, part.width, part.height, null, 0, part.width);
    }

    private static int rgb(Color color) {
        return color.getRGB();
    }
}
