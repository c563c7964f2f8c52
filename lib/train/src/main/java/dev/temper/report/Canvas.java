package dev.temper.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A drawing area measured in points; the image has {@value #SCALE} pixels per point. */
final class Canvas {
    static final int WIDTH = 900;
    static final int HEIGHT = 700;
    private static final int SCALE = 2;

    static final Color INK = new Color(0x1F2328);
    static final Color FAINT_INK = new Color(0x59636E);
    static final Color GRID = new Color(0xE3E6EA);
    static final Color FRAME = new Color(0x8C959F);
    static final Color PAPER = Color.WHITE;

    /** Colours by Okabe and Ito, distinguishable for colour-blind readers, without those too light for white paper. */
    static final List<Color> LINES = List.of(
            new Color(0x0072B2),
            new Color(0xD55E00),
            new Color(0x009E73),
            new Color(0xCC79A7),
            new Color(0xE69F00),
            new Color(0x56B4E9),
            new Color(0x000000));

    private final BufferedImage image = new BufferedImage(WIDTH * SCALE, HEIGHT * SCALE, BufferedImage.TYPE_INT_RGB);
    private final Graphics2D graphics;

    private Canvas() {
        graphics = image.createGraphics();
        graphics.scale(SCALE, SCALE);
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        fill(new Rectangle2D.Double(0, 0, WIDTH, HEIGHT), PAPER);
    }

    /** @throws NoFontsException when this JVM cannot draw text */
    static Canvas open() throws NoFontsException {
        // servers have no display, and on a laptop no window shall open
        System.setProperty("java.awt.headless", "true");
        try {
            Canvas canvas = new Canvas();
            canvas.width("x", 12);
            return canvas;
        } catch (RuntimeException | InternalError | LinkageError e) {
            // AWT fails in one of these ways without fontconfig, fonts, libfreetype or the module java.desktop.
            throw new NoFontsException(e);
        }
    }

    void title(String title, String subtitle) {
        font(20, Font.BOLD);
        text(title, 24, 38, INK);
        font(13, Font.PLAIN);
        text(subtitle, 24, 60, FAINT_INK);
    }

    void fill(Shape shape, Color color) {
        graphics.setColor(color);
        graphics.fill(shape);
    }

    /** @param dashes lengths of dashes and gaps; none for a solid line */
    void stroke(Shape shape, Color color, double width, float... dashes) {
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke(
                (float) width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dashes.length == 0 ? null : dashes, 0));
        graphics.draw(shape);
    }

    void clip(Shape shape) {
        graphics.setClip(shape);
    }

    void font(double size) {
        font(size, Font.PLAIN);
    }

    void boldFont(double size) {
        font(size, Font.BOLD);
    }

    private void font(double size, int style) {
        graphics.setFont(new Font(Font.SANS_SERIF, style, 1).deriveFont((float) size));
    }

    /**
     * @param x left end of the text
     * @param y its base line
     */
    void text(String text, double x, double y, Color color) {
        graphics.setColor(color);
        graphics.drawString(text, (float) x, (float) y);
    }

    void textCentered(String text, double x, double y, Color color) {
        text(text, x - width(text) / 2, y, color);
    }

    void textEndingAt(String text, double x, double y, Color color) {
        text(text, x - width(text), y, color);
    }

    /** Draws text that rises at an angle and ends at (x, y). */
    void textRisingTo(String text, double x, double y, double angle) {
        AffineTransform before = graphics.getTransform();
        graphics.rotate(-angle, x, y);
        textEndingAt(text, x, y, INK);
        graphics.setTransform(before);
    }

    /** Draws vertical text that reads upwards, centred at (x, y). */
    void textUpwards(String text, double x, double y) {
        AffineTransform before = graphics.getTransform();
        graphics.rotate(-Math.PI / 2, x, y);
        textCentered(text, x, y, FAINT_INK);
        graphics.setTransform(before);
    }

    /** Width of the text in the current font. */
    double width(String text) {
        return graphics.getFontMetrics().getStringBounds(text, graphics).getWidth();
    }

    private double width(String text, double size) {
        font(size);
        return width(text);
    }

    /** {@code text} on one line, shortened with an ellipsis if it is wider than {@code limit}. */
    String fitted(String text, double limit) {
        String line = text.replaceAll("\\s+", " ").strip();
        if (width(line) <= limit) {
            return line;
        }
        int length = line.codePointCount(0, line.length());
        String cut = "…";
        while (length > 0) {
            length--;
            cut = line.substring(0, line.offsetByCodePoints(0, length)).stripTrailing() + "…";
            if (width(cut) <= limit) {
                break;
            }
        }
        return cut;
    }

    byte[] png() {
        graphics.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // in memory, without a temporary file
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(image, "png", out)) {
                throw new IllegalStateException("this JVM writes no PNG");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
