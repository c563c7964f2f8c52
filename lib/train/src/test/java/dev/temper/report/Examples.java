package dev.temper.report;

import dev.temper.eval.ClassificationReport;
import dev.temper.track.Metric;
import dev.temper.train.objective.ClassificationTables;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** Made-up results to draw. */
final class Examples {
    static final List<String> FILMS = List.of("Negative", "Positive");

    private Examples() {}

    /** Rows whose right class gets {@code skill} more than a random share; the same for the same arguments. */
    static ClassificationReport classified(List<String> labels, int rows, double skill) {
        int[] actual = new int[rows];
        double[][] probabilities = new double[rows][labels.size()];
        fill(actual, probabilities, skill);
        return ClassificationReport.of(labels, actual, probabilities);
    }

    /** The same with its tables. */
    static EvaluationReport tables(List<String> labels, int rows, double skill) {
        int[] actual = new int[rows];
        double[][] probabilities = new double[rows][labels.size()];
        fill(actual, probabilities, skill);
        return ClassificationTables.of(ClassificationReport.of(labels, actual, probabilities), actual, probabilities);
    }

    private static void fill(int[] actual, double[][] probabilities, double skill) {
        int labels = probabilities[0].length;
        Random random = new Random(labels);
        for (int row = 0; row < actual.length; row++) {
            actual[row] = random.nextInt(labels);
            double sum = 0;
            for (int k = 0; k < labels; k++) {
                probabilities[row][k] = -Math.log(random.nextDouble()) + (k == actual[row] ? skill : 0);
                sum += probabilities[row][k];
            }
            for (int k = 0; k < labels; k++) {
                probabilities[row][k] /= sum;
            }
        }
    }

    static EvaluationReport filmTables() {
        return tables(FILMS, 500, 1.5);
    }

    static ClassificationReport films() {
        return classified(FILMS, 500, 1.5);
    }

    static List<String> names(int size, String prefix) {
        return IntStream.range(0, size).mapToObj(i -> prefix + i).toList();
    }

    static List<Metric> losses(int steps) {
        Random random = new Random(3);
        List<Metric> metrics = new ArrayList<>();
        for (int step = 0; step <= steps; step++) {
            double loss = 0.4 + 2 * Math.exp(-4.0 * step / steps);
            if (step > 0) {
                metrics.add(new Metric(step, "train/loss", loss + 0.15 * random.nextGaussian(), Instant.EPOCH));
            }
            if (step % (steps / 5) == 0) {
                metrics.add(new Metric(step, "eval/loss", loss + 0.1 + 0.3 * step / steps, Instant.EPOCH));
            }
        }
        return metrics;
    }

    /** What {@link Picture} may do. */
    interface Drawing {
        Picture draw() throws NoFontsException;
    }

    /** The drawing, or on a machine without fonts an empty sheet. */
    static Picture drawn(Drawing drawing) throws IOException {
        try {
            return drawing.draw();
        } catch (NoFontsException e) {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            ImageIO.write(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png", png);
            return new Picture("empty", png.toByteArray());
        }
    }

    static boolean canDraw() {
        try {
            Canvas.open();
            return true;
        } catch (NoFontsException e) {
            return false;
        }
    }
}
