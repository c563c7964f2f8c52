package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.SourceFiles.Kind;
import dev.temper.spark.SourceFiles.Use;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SourceFilesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.csv            | a.csv b.csv",
                "?.csv            | a.csv b.csv",
                "{a,2024/c}.csv   | 2024/c.csv a.csv",
                "2*/*.csv         | 2024/c.csv 2025/a.csv",
                "**/a.csv         | 2025/a.csv",
                "202{4,5}/**      | 2024/c.csv 2025/a.csv 2025/x/e.csv",
                "2025             | 2025/a.csv 2025/x/e.csv",
            })
    void aPatternNamesFiles(String pattern, String expected) throws IOException {
        touch("a.csv", "b.csv", "2024/c.csv", "2025/a.csv", "2025/x/e.csv", "2025/README.md", "2025/.x.csv", "a+csv");
        assertThat(names(pattern, Use.TRAIN)).containsExactly(expected.split(" "));
    }

    @Test
    void aFileMayBeNamedLikeAPattern() throws IOException {
        touch("a*.csv", "ab.csv");
        assertThat(names("a*.csv", Use.TRAIN)).containsExactly("a*.csv");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet data/test-00000-of-00001.parquet"
                        + " | data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet"
                        + " | data/test-00000-of-00001.parquet",
                "train.jsonl validation.jsonl test.jsonl | train.jsonl | validation.jsonl",
                "train/0.csv dev/0.csv | train/0.csv | dev/0.csv",
                "Train.csv test_1.csv test_2.csv | Train.csv | test_1.csv test_2.csv",
                "trainers.csv testimony.csv | testimony.csv trainers.csv | testimony.csv trainers.csv",
                "test.csv | test.csv | test.csv",
            })
    void ofSeveralSplitsOneIsRead(String files, String train, String eval) throws IOException {
        touch(files.split(" "));
        assertThat(names("", Use.TRAIN)).containsExactly(train.split(" "));
        assertThat(names("", Use.EVAL)).containsExactly(eval.split(" "));
    }

    @Test
    void splitsThatAreNotClearAreRefused() throws IOException {
        touch("train.csv", "test.csv", "more.csv");
        assertInvalid("", "has files of the splits test, train and others, such as %s/more.csv: name the files");
        assertThat(names("t*.csv", Use.TRAIN)).containsExactly("train.csv");
        Files.delete(folder.resolve("train.csv"));
        Files.delete(folder.resolve("more.csv"));
        touch("valid.csv");
        assertInvalid("", "has the splits test, validation, none of them for this");
    }

    @Test
    void whatIsNoDataIsNamed() throws IOException {
        touch("a.csv", "b.json", "c/dataset_infos.json", "c/data.arrow", "c/x.lock");
        assertInvalid("", "mixes kinds of files, [CSV, JSON]");
        assertInvalid("c", "has no .csv, .tsv, .jsonl, .json or .parquet file in it");
        assertInvalid("*.parquet", "has no .csv, .tsv, .jsonl, .json or .parquet file in it");
        assertInvalid("{a.csv", "has a { without a }");
        assertInvalid("none", "data.train: %s/none does not exist");
        assertThat(Kind.of("A.JSONL.gz")).contains(Kind.JSON);
    }

    private List<String> names(String name, Use use) throws IOException {
        String location = name.isEmpty() ? folder.toString() : folder + "/" + name;
        return SourceFiles.find(new HadoopStore(new Configuration()), location, use).files().stream()
                .peek(file -> assertThat(file.source()).isEqualTo(file.location()))
                .map(file -> folder.relativize(Path.of(file.location())).toString())
                .sorted()
                .toList();
    }

    private void assertInvalid(String name, String message) {
        assertThatThrownBy(() -> names(name, Use.TRAIN))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message.replace("%s", folder.toString()));
    }

    private void touch(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "a,b\n1,2\n", StandardCharsets.UTF_8);
        }
    }
}
