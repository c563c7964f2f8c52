package dev.temper.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.eval.Sample;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class RunReportTest {
    private static final String HOSTILE = "<script>alert(\"1\")</script> & 'quotes' \u0000 \uD800 \u202e\u001b] end";
    private static final String SHOWN = "<script>alert(\"1\")</script> & 'quotes' \\u0000 \\ud800 \\u202e\\u001b] end";

    @Test
    void showsAllItIsGiven() throws Exception {
        String html = example().html();
        Document page = parsed(html);

        Files.writeString(Path.of("target", "report-example.html"), html); // to look at
        assertThat(texts(page, "h2"))
                .containsExactly("Warnings", "Run", "Rows", "Scores", "Classes", "Pictures", "Metrics", "Answers");
        assertThat(texts(page, "h1")).containsExactly("imdb-bert");
        assertThat(rows(page))
                .contains(
                        "base|google-bert/bert-base-cased",
                        "in|1,003",
                        "rejected|3",
                        "rejected: label outside the mapping|3",
                        "accuracy|0.8860",
                        "eval/loss|2.5000|0.8366|0.8215|2.5000",
                        "Negative|233|32",
                        "How was it?|It It It|A fine film.|A fine film.");
        assertThat(texts(page, "li")).containsExactly("2 rows were cut at 512 tokens");
    }

    @Test
    void picturesAreInThePage() throws Exception {
        List<Picture> pictures = List.of(
                Examples.drawn(() -> Picture.confusionMatrix(Examples.films())),
                Examples.drawn(() -> Picture.rocCurve(Examples.films())));
        RunReport report = new RunReport("two", "finished");
        pictures.forEach(report::picture);

        NodeList images = parsed(report.html()).getElementsByTagName("img");
        assertThat(images.getLength()).isEqualTo(2);
        for (int i = 0; i < 2; i++) {
            Element image = (Element) images.item(i);
            Picture picture = pictures.get(i);
            String source = image.getAttribute("src");
            assertThat(image.getAttribute("alt")).isEqualTo(picture.title());
            assertThat(source).startsWith("data:image/png;base64,");
            assertThat(Base64.getDecoder().decode(source.substring(source.indexOf(',') + 1)))
                    .isEqualTo(picture.png());
        }
    }

    @Test
    void onlyThePageOfARunThatGoesOnIsReadAgain() throws Exception {
        String refresh = "<meta http-equiv=\"refresh\" content=\"20\"/>";

        String live = new RunReport("live", "under way").underWay().html();

        assertThat(live).contains(refresh);
        parsed(live);
        assertThat(new RunReport("done", "finished").html()).doesNotContain("refresh");
    }

    @Test
    void needsNothingFromOutside() throws Exception {
        String html = example().html();

        assertThat(html.replace("xmlns=\"http://www.w3.org/1999/xhtml\"", ""))
                .doesNotContain("http:", "https:", "<script", "<link", "url(", "@import");
        assertThat(html).contains("prefers-color-scheme: dark");
    }

    @Test
    void textsStayTexts() throws Exception {
        RunReport report = new RunReport(HOSTILE, HOSTILE)
                .facts(Map.of(HOSTILE, HOSTILE))
                .rows(new RunReport.Rows(1, 0, 0, Map.of(HOSTILE, 1L)))
                .scores(Map.of(HOSTILE, 1.0))
                .evaluation(Examples.tables(List.of(HOSTILE, "b"), 20, 1))
                .samples(List.of(
                        new Sample(0, 0, HOSTILE, HOSTILE, HOSTILE), new Sample(1, 0, HOSTILE, HOSTILE, HOSTILE)))
                .picture(new Picture(HOSTILE, new byte[0]))
                .warnings(List.of(HOSTILE));

        Document page = parsed(report.html());
        assertThat(page.getElementsByTagName("script").getLength()).isZero();
        assertThat(texts(page, "h1")).containsExactly(SHOWN);
        assertThat(texts(page, "li")).containsExactly(SHOWN);
        assertThat(rows(page)).contains(SHOWN + "|" + SHOWN, SHOWN + "|1.0000", "rejected: " + SHOWN + "|1");
        assertThat(rows(page)).contains(SHOWN + "|" + SHOWN + "|" + SHOWN + "|" + SHOWN); // an answer
        assertThat(((Element) page.getElementsByTagName("img").item(0)).getAttribute("alt"))
                .isEqualTo(SHOWN);
    }

    @Test
    void sectionsWithoutContentAreLeftOut() throws Exception {
        assertThat(texts(parsed(new RunReport("empty", "failed").html()), "h2")).isEmpty();
    }

    @Test
    void answersAreOfTheFirstAndTheLastStep() throws Exception {
        RunReport report = new RunReport("answers", "finished")
                .samples(List.of(
                        new Sample(0, 1, "second", "old 2", ""),
                        new Sample(0, 0, "first", "old 1", ""),
                        new Sample(5, 0, "first", "between", ""),
                        new Sample(9, 1, "second", "new 2", ""),
                        new Sample(9, 0, "first", "new\n1", "")));

        assertThat(rows(parsed(report.html())))
                .containsExactly("prompt|step 0|step 9", "first|old 1|new\n1", "second|old 2|new 2");
    }

    @Test
    void whileThereAreNoLaterAnswersTheFirstOnesStandAlone() throws Exception {
        RunReport report =
                new RunReport("answers", "under way").samples(List.of(new Sample(0, 0, "first", "old 1", "new 1")));

        assertThat(rows(parsed(report.html()))).containsExactly("prompt|step 0|expected", "first|old 1|new 1");
    }

    private static RunReport example() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("base", "google-bert/bert-base-cased");
        facts.put("steps", "250");
        facts.put("parameters", "108,311,810, of which 148,994 trained");
        return new RunReport("imdb-bert", "finished after 12 min 4 s")
                .facts(facts)
                .rows(new RunReport.Rows(1003, 500, 500, Map.of("label outside the mapping", 3L)))
                .evaluation(Examples.filmTables())
                .metrics(Examples.losses(250))
                .samples(List.of(
                        new Sample(0, 0, "How was it?", "It It It", "A fine film."),
                        new Sample(250, 0, "How was it?", "A fine film.", "A fine film.")))
                .picture(Examples.drawn(() -> Picture.curves("Loss", Examples.losses(250))))
                .picture(Examples.drawn(() -> Picture.confusionMatrix(Examples.films())))
                .picture(Examples.drawn(() -> Picture.rocCurve(Examples.films())))
                .warnings(List.of("2 rows were cut at 512 tokens"));
    }

    /** As XML: a tag left open or a character left unescaped fails here. */
    private static Document parsed(String html) throws Exception {
        var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        builder.setEntityResolver((publicId, systemId) -> {
            throw new IOException("asks for " + systemId);
        });
        return builder.parse(new InputSource(new StringReader(html)));
    }

    private static List<String> texts(Document page, String tag) {
        List<String> texts = new ArrayList<>();
        NodeList elements = page.getElementsByTagName(tag);
        for (int i = 0; i < elements.getLength(); i++) {
            texts.add(elements.item(i).getTextContent());
        }
        return texts;
    }

    /** All table rows, their cells joined. */
    private static List<String> rows(Document page) {
        List<String> rows = new ArrayList<>();
        NodeList elements = page.getElementsByTagName("tr");
        for (int i = 0; i < elements.getLength(); i++) {
            NodeList cells = elements.item(i).getChildNodes();
            List<String> texts = new ArrayList<>();
            for (int k = 0; k < cells.getLength(); k++) {
                texts.add(cells.item(k).getTextContent());
            }
            rows.add(String.join("|", texts));
        }
        return rows;
    }
}
