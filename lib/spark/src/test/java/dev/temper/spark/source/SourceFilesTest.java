package dev.temper.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.source.SourceFiles.Use;
import dev.temper.spark.storage.HadoopStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
                "**/a.csv         | 2025/a.csv a.csv",
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
                "[0-1].csv        | 0.csv 1.csv",
                "[!0-1].csv       | 2.csv x.csv",
                "x[.csv           | x[.csv",
                "[x[].csv         | x.csv",
                "{0,d/{3,e/4}}.csv | 0.csv d/3.csv d/e/4.csv",
                "**/[34].csv      | d/3.csv d/e/4.csv",
                "d/**/*.csv       | d/3.csv d/e/4.csv",
                "**.csv           | 0.csv 1.csv 2.csv d/3.csv d/e/4.csv x.csv x[.csv",
            })
    void aPatternHasTheWildcardsOfPython(String pattern, String expected) throws IOException {
        touch("0.csv", "1.csv", "2.csv", "x.csv", "x[.csv", "d/3.csv", "d/e/4.csv");
        assertThat(names(pattern, Use.TRAIN)).containsExactly(expected.split(" "));
    }

    @Test
    void aFolderThatLinksLeadBackToIsReadOnce() throws IOException {
        touch("a/1.csv", "b/2.csv");
        Files.createSymbolicLink(folder.resolve("a/up"), folder);
        Files.createSymbolicLink(folder.resolve("a/across"), folder.resolve("b"));
        Files.createSymbolicLink(folder.resolve("b/across"), folder.resolve("a"));
        Files.createSymbolicLink(folder.resolve("b/3.csv"), folder.resolve("a/1.csv"));
        assertThat(names("", Use.TRAIN)).containsExactly("a/1.csv", "a/across/2.csv");
        assertThat(names("**/*.csv", Use.TRAIN)).containsExactly("a/1.csv", "a/across/2.csv");
        assertThat(found("", Use.TRAIN).leftOut())
                .extracting(file -> file.reason())
                .containsOnly(
                        "the same file as " + folder + "/a/1.csv", "the same file as " + folder + "/a/across/2.csv");
    }

    /** The splits are those of {@code datasets.data_files.get_data_patterns}, version 5.2.0. */
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
                "poems-train.jsonl poems-test.jsonl | poems-train.jsonl | poems-test.jsonl",
                "my_train_set.csv my.eval.csv | my_train_set.csv | my.eval.csv",
                "x_train/a.csv x_test/a.csv | x_train/a.csv | x_test/a.csv",
                "training.csv evaluation.csv | training.csv | evaluation.csv",
                "training/1.csv testing/1.csv valid/1.csv | training/1.csv | valid/1.csv",
                "2-training-set/1.csv 2-testing-set/1.csv | 2-training-set/1.csv | 2-testing-set/1.csv",
                "test/train.csv train/test.csv | train/test.csv | test/train.csv",
                "train/test.csv train/1.csv | train/1.csv train/test.csv | train/1.csv train/test.csv",
                "a/train.csv a/val.csv notes.csv | a/train.csv | a/val.csv",
                "data/train_sft-00000-of-00001.csv data/test_sft-00000-of-00001.csv"
                        + " | data/train_sft-00000-of-00001.csv | data/test_sft-00000-of-00001.csv",
            })
    void ofSeveralSplitsOneIsRead(String files, String train, String eval) throws IOException {
        touch(files.split(" "));
        assertThat(names("", Use.TRAIN)).containsExactly(train.split(" "));
        assertThat(names("", Use.EVAL)).containsExactly(eval.split(" "));
    }

    @Test
    void whatIsLeftOutIsSaidWithItsReason() throws IOException {
        touch(
                "x/poem-train.csv",
                "x/poem-test.csv",
                "x/more.csv",
                "x/list.xlsx",
                "x/_old.csv",
                "x/README.md",
                "x/.z.csv");
        Files.createFile(folder.resolve("x/train-2.csv"));
        assertThat(found("x", Use.TRAIN).leftOut())
                .extracting(file -> file.file().substring(folder.toString().length()) + ": " + file.reason())
                .containsExactly(
                        "/x/_old.csv: its name begins with _",
                        "/x/list.xlsx: not a kind that is read, .xlsx",
                        "/x/more.csv: of no split, and there are splits",
                        "/x/poem-test.csv: split test",
                        "/x/train-2.csv: empty");
    }

    @Test
    void filesThatAreNamedAreReadAsNamed() throws IOException {
        touch("train.csv", "test.csv", "dev.csv");
        assertThat(names("test.csv", Use.TRAIN)).containsExactly("test.csv");
        assertThat(names("{train,dev}.csv", Use.TRAIN)).containsExactly("dev.csv", "train.csv");
        assertThat(names("t*.csv", Use.TRAIN)).containsExactly("train.csv");
        assertThat(names("t*.csv", Use.EVAL)).containsExactly("test.csv");
        assertThat(names("*", Use.EVAL)).containsExactly("dev.csv");
    }

    @Test
    void splitsThatAreNotClearAreRefused() throws IOException {
        touch("test.csv", "more.csv");
        assertInvalid("", "has files of the splits test and others, such as %s/more.csv: name the files");
        Files.delete(folder.resolve("more.csv"));
        touch("valid.csv");
        assertInvalid("", "has the splits test, validation, none of them for this");
        touch("data/train_a-00000-of-00001.csv", "data/train_b-00000-of-00001.csv");
        assertInvalid("", "has files of the splits train_a, train_b and others, such as %s/test.csv");
    }

    @Test
    void theCardOfADataSetSaysWhichFilesItsSplitsHave() throws IOException {
        touch("a/one.csv", "a/two.csv", "b/one.csv", "test.csv");
        card(
                """
                configs:
                - config_name: x
                  data_files:
                  - {split: train, path: 'a/*'}
                  - split: validation
                    path: [b/*.csv, test.csv]
                  - {split: test, path: nowhere.csv}
                """);
        assertThat(names("", Use.TRAIN)).containsExactly("a/one.csv", "a/two.csv");
        assertThat(names("", Use.EVAL)).containsExactly("b/one.csv", "test.csv");
        card("configs:\n- config_name: x\n  data_files: b/*\n- config_name: default\n  data_files: [a/t*, b/*]\n");
        assertThat(names("", Use.TRAIN)).containsExactly("a/two.csv", "b/one.csv");
        card("configs:\n- {config_name: x, data_dir: b}\n- {config_name: y, data_dir: a, default: true}\n");
        assertThat(names("", Use.TRAIN)).containsExactly("a/one.csv", "a/two.csv");
        card("configs:\n- {config_name: x, data_dir: b}\n- {config_name: y, data_dir: a}\n");
        assertInvalid("", "README.md of %s has the configurations x, y and none is the default");
        card("configs:\n- {config_name: x, data_files: 'hf://elsewhere/x.csv'}\n");
        assertInvalid("", "README.md of %s names files elsewhere, hf://elsewhere/x.csv");
        card("configs:\n- {config_name: x, data_files: 'c/*'}\n");
        assertInvalid("", "README.md of %s names the files \"c/*\", and none is there");
        card("configs: [\n");
        assertInvalid("", "the configs in README.md of %s are no YAML");
        card("license: mit\n");
        assertThat(names("", Use.EVAL)).containsExactly("test.csv");
    }

    @Test
    void whatIsNoDataIsNamed() throws IOException {
        touch("a.csv", "b.json", "c/dataset_infos.json", "c/data.arrow", "c/x.lock");
        assertInvalid("", "mixes kinds of files, [CSV, JSON]");
        assertInvalid("c", "has no .csv, .tsv, .jsonl, .json or .parquet file in it; it has data.arrow: an Arrow file");
        assertInvalid("*.parquet", "has no .csv, .tsv, .jsonl, .json or .parquet file in it");
        assertInvalid("{a.csv", "has a { without a }");
        assertInvalid("none", "data.train: %s/none does not exist");
        touch("d/rows.csv.zip", "d/x.parquet.gz", "e/book.txt");
        assertInvalid(
                "d/rows.csv.zip", "is no .csv, .tsv, .jsonl, .json or .parquet file: this is not unpacked: unpack");
        assertInvalid("d/x.parquet.gz", "is no .csv, .tsv, .jsonl, .json or .parquet file: this is not unpacked");
        assertInvalid("e", "it has book.txt: write JSON lines");
    }

    @Test
    void whatSaveToDiskWroteIsRecognised() throws IOException {
        touch("one/data-00000-of-00001.arrow", "one/dataset_info.json", "one/state.json");
        touch("all/train/data-00000-of-00001.arrow", "all/train/state.json", "all/dataset_dict.json");
        assertInvalid("one", "datasets.load_from_disk('%s/one').to_parquet('train.parquet')");
        assertInvalid("all", "datasets.load_from_disk('%s/all')['train'].to_parquet('train.parquet')");
        assertInvalid(
                "one/data-00000-of-00001.arrow",
                "datasets.Dataset.from_file('%s/one/data-00000-of-00001.arrow').to_parquet('rows.parquet')");
    }

    @ParameterizedTest
    @CsvSource({
        "A.JSONL.gz, JSON",
        "a.b.JsonLines.Bz2, JSON",
        "x.ndjson.xz, JSON",
        "x.CSV.GZ, CSV",
        "x.tsv.zst, TSV",
        "x.PQ, PARQUET",
        "x:y.parquet, PARQUET",
        "x.parquet.gz,",
        "csv,",
        "x.csv.lz4,",
        "x.gz,"
    })
    void theEndOfANameTellsTheKind(String name, FileKind kind) {
        assertThat(FileKind.of(name)).isEqualTo(Optional.ofNullable(kind));
    }

    private void card(String configs) throws IOException {
        Files.writeString(folder.resolve("README.md"), "---\n" + configs + "---\n# A data set\n");
    }

    private SourceFiles found(String name, Use use) throws IOException {
        String location = name.isEmpty() ? folder.toString() : folder + "/" + name;
        return SourceFiles.find(new HadoopStore(new Configuration()), location, use);
    }

    private List<String> names(String name, Use use) throws IOException {
        return found(name, use).files().stream()
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
