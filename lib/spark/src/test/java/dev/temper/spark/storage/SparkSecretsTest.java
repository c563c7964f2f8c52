package dev.temper.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.check.Secrets;
import dev.temper.spark.GenerateText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SparkSecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "spark.hadoop.fs.s3a.access.key",
                "spark.hadoop.fs.s3a.secret.key",
                "spark.hadoop.fs.s3a.encryption.key",
                "spark.hadoop.fs.azure.account.key.a.dfs.core.windows.net",
                "spark.hadoop.fs.azure.sas.c.a",
                "spark.executorEnv.WANDB_API_KEY",
                "spark.executorEnv.HF_TOKEN",
                "spark.ssl.keyPassword",
                "-Dfs.s3a.session.token=x",
            })
    void sparkMasksWhatSoundsSecret(String name) {
        for (String own : new String[] {null, "(?i)secret|mine", "mine"}) {
            SparkConf conf = new SparkConf(false);
            if (own != null) {
                conf.set("spark.redaction.regex", own);
            }
            Pattern regex = Pattern.compile(SparkSecrets.redaction(conf));

            assertThat(regex.matcher(name).find()).isTrue();
            assertThat(regex.matcher("spark.mine").find()).isEqualTo(own != null);
            assertThat(regex.matcher("spark.hadoop.fs.s3a.endpoint").find()).isFalse();
            conf.set("spark.redaction.regex", regex.pattern());
            assertThat(SparkSecrets.redaction(conf)).isEqualTo(regex.pattern());
        }
    }

    /** An executor has the driver's settings from what travels to it, and no other way. */
    @Test
    void whoeverGetsAStoreKnowsItsSecrets() throws Exception {
        Configuration configuration = new Configuration();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        HadoopStore store = new HadoopStore(configuration);
        configuration.set("fs.s3a.bucket.b.secret.key", "travels/with+a+store");
        assertThat(Secrets.masked("travels/with+a+store")).isEqualTo("travels/with+a+store");
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(store);
        }

        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();

        assertThat(Secrets.masked("travels/with+a+store")).isEqualTo("***");
    }

    @Test
    void defaultsOfHadoopAreNoSecrets() {
        Configuration configuration = new Configuration();
        new HadoopStore(configuration);

        configuration.forEach(setting -> {
            String value = String.valueOf(setting.getValue());
            assertThat(Secrets.maskedValues(value)).as(setting.getKey()).isEqualTo(value);
        });
    }

    @Test
    void aStoreHandsNoLoginToHadoop() {
        HadoopStore store = new HadoopStore(new Configuration());

        assertThatThrownBy(() -> store.find("s3a://KEY:wo/rdword@bucket/a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("holds a login")
                .hasMessageNotContaining("word");
        assertThatThrownBy(() -> new GenerateText().setModelFolder("s3a://KEY:wo/rdword@bucket/a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("modelFolder: the location holds a login");
    }
}
