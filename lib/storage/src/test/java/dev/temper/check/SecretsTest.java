package dev.temper.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Secrets are known to the whole process: each test has its own, which no other text holds. */
final class SecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "s3a://AKIAKEY:wordword@bucket/a",
                "s3a://AKIAKEY:wo/rd+wo%rd@bucket/a",
                "s3a://AKIAKEY:8020/wordword@bucket/a",
                "s3a://AKIAKEY:w@rd/wordword@bucket/a@v1",
                "s3a://AKIAKEY:wörd wörd\"'漢@bucket",
                "s3a://AKIAKEY@bucket/a",
                "S3A://AKIAKEY:wordword@bucket",
                "  s3a://AKIAKEY:wordword@bucket",
                "s3a:///AKIAKEY:wordword@bucket/a",
                "s3a:/AKIAKEY:wordword@bucket/a",
                "s3a:AKIAKEY:wordword@bucket/a",
                "//AKIAKEY:wordword@bucket/a",
                "s3a%3A%2F%2FAKIAKEY%3Awo%2Frd@bucket",
                "s3a%253A%252F%252FAKIAKEY%253Aword@bucket",
                "https://wordwordword@host/a",
                "https://user:word@host:443/a",
                "ftp://user:wo/rd@host/a",
                "hdfs://user:word@name:8020/a",
                "file://user:word@host/a",
                "hub:user:word@owner/name",
                "abfss://Container:word@account.dfs.core.windows.net/a",
                "abfss://sv=2020&sig=word@account.dfs.core.windows.net/a",
                "jdbc:mysql://user:word@host/base",
                "{s3a://bucket/a,s3a://AKIAKEY:wordword@bucket}/b",
            })
    void refusesLogins(String location) {
        assertThatThrownBy(() -> Secrets.refuse("data.train", location))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("data.train: the location holds a login, which would be printed and written: take it out,"
                        + " and set credentials as spark.hadoop.fs.* (such as fs.s3a.access.key and"
                        + " fs.s3a.secret.key), in a credential provider or in the environment");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://host/a?sig=word",
                "https://host/a?word",
                "s3a://bucket/a?X-Amz-Signature=word&x=1",
                "s3a://bucket/a?k=word",
                "s3a://bucket/a#token=word",
                "s3a://bucket/a%3Ftoken%3Dword",
                "s3a://bucket/a*.csv;access_key=word",
                "/data/rows.csv?access_token=word",
                "rows.csv?api_key=word",
                "hub:owner/name?token=word",
            })
    void refusesQueries(String location) {
        assertThatThrownBy(() -> Secrets.refuse("output", location))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("output: the location holds a query (?name=value), which no file system reads")
                .hasMessageNotContaining("word");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rows.csv",
                "/data/a@v1/b:c.csv",
                "C#/notes: me@home.csv",
                "file:///data/a:b@c",
                "file:/data/a:b@c",
                "s3a://bucket/models/x@v1",
                "s3a://bucket/a:b@c",
                "s3a://bucket/part-?????.parquet",
                "s3a://bucket/{train,test}/[0-9]*?.csv",
                "s3a://bucket/year=2024/month=0?/a.parquet",
                "s3a://bucket/what?/name=x",
                "s3a://bucket/100%/C#/a+b.csv",
                "hdfs://name:8020/models/x@v1",
                "hdfs://[::1]:8020/models/x@v1",
                "hdfs:///a@b",
                "abfss://container@account.dfs.core.windows.net/a@b",
                "wasbs://$root@account.blob.core.windows.net/a",
                "hub:owner/name@revision",
                "hub:gpt2@main",
            })
    void letsOtherLocationsBe(String location) {
        assertThatCode(() -> Secrets.refuse("data.train", location)).doesNotThrowAnyException();
        assertThat(Secrets.masked("cannot read " + location + ": denied"))
                .isEqualTo("cannot read " + location + ": denied");
    }

    @ParameterizedTest
    @CsvSource({
        "https://user:word@host/a, https://host/a",
        "https://token@host/a, https://host/a",
        "s3a://KEY:se/cr:et@bucket/a, s3a://bucket/a",
        "'(s3a://KEY:se/cr@et@bucket/a): no', '(s3a://bucket/a): no'",
        "'s3a://a/b,s3a://K:s@c s3a://d/e@f', 's3a://a/b,s3a://c s3a://d/e@f'",
        "https://host/a?sig=abc&v=1, https://host/a?sig=***&v=1",
        "https://host/a?AWSAccessKeyId=abc&b=c, https://host/a?AWSAccessKeyId=***&b=c",
        "https://host/a?X-Amz-Credential=a/b&X-Amz-Date=1, https://host/a?X-Amz-Credential=***&X-Amz-Date=1",
        "GET /a?x=1&access_token=abc HTTP, GET /a?x=1&access_token=*** HTTP",
        "cannot read s3a://k:s@b/a: denied, cannot read s3a://b/a: denied",
        "see https://host/find?q=spark, see https://host/find?q=spark",
        "write to me@example.org, write to me@example.org",
    })
    void urlsInTextsLoseTheirCredentials(String text, String expected) {
        assertThat(Secrets.masked(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fs.s3a.secret.key",
                "fs.s3a.bucket.rows.access.key",
                "fs.s3a.session.token",
                "fs.s3a.encryption.key",
                "fs.azure.account.key.account.dfs.core.windows.net",
                "fs.azure.sas.container.account",
                "fs.azure.account.oauth2.client.secret",
                "fs.gs.auth.service.account.private.key",
                "fs.oss.accessKeySecret",
                "spark.ssl.keyStorePassword",
                "AWS_SECRET_ACCESS_KEY",
                "AZURE_STORAGE_CONNECTION_STRING",
                "AZURE_STORAGE_KEY",
                "WANDB_API_KEY",
                "HF_TOKEN",
            })
    void knowsSecretsByTheNamesOfTheirSettings(String name) {
        String secret = "value of " + name;
        Secrets.learn(name, secret);

        assertThat(Secrets.masked("it is " + secret + "!")).isEqualTo("it is ***!");
    }

    @ParameterizedTest
    @CsvSource({
        "fs.s3a.aws.credentials.provider, org.example.SomeProvider",
        "hadoop.security.credential.provider.path, localjceks:/keys.jceks",
        "AWS_WEB_IDENTITY_TOKEN_FILE, /run/identity",
        "yarn.delegation.token.renew-interval, 86400000",
        "fs.s3a.secret.key, short",
        "fs.s3a.endpoint, 127.0.0.1:9000",
    })
    void takesNoOtherSettingForASecret(String name, String value) {
        Secrets.learn(name, value);

        assertThat(Secrets.masked("it is " + value)).isEqualTo("it is " + value);
    }

    /** In each of the ways that a program may write it; the texts around it stay. */
    @Test
    void masksAKnownValueHoweverItIsWritten() {
        Random random = new Random(11);
        String alphabet = "abcXYZ0189/+=%&<>\"'\\ :@?#_*é漢😀";
        int[] characters = alphabet.codePoints().toArray();
        for (int i = 0; i < 50; i++) {
            StringBuilder value = new StringBuilder("k" + i + "w");
            random.ints(20, 0, characters.length).forEach(at -> value.appendCodePoint(characters[at]));
            String secret = value + "z";
            Secrets.learn("test.secret", secret);
            String encoded = URLEncoder.encode(secret, StandardCharsets.UTF_8);
            byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
            for (String form : new String[] {
                secret,
                encoded,
                encoded.toLowerCase(java.util.Locale.ROOT).replaceAll("^.*$", encoded.replace("%2F", "%2f")),
                encoded.replace("+", "%20"),
                encoded.replace("%2F", "/"),
                URLEncoder.encode(encoded, StandardCharsets.UTF_8).replace("%2B", "%20"),
                secret.replace("\\", "\\\\").replace("\"", "\\\"").replace("/", "\\/"),
                secret.replace("é", "\\u00e9").replace("漢", "\\u6F22").replace("😀", "\\ud83d\\ude00"),
                secret.replace("&", "&amp;")
                        .replace("<", "&lt;")
                        .replace("\"", "&quot;")
                        .replace("'", "&#39;"),
                secret.replaceAll("[\\\\*#_&]", "\\\\$0"),
            }) {
                assertThat(Secrets.masked("a: " + form + " :b")).as(form).isEqualTo("a: *** :b");
            }
            for (String before : new String[] {"", "u", "us", "user:"}) {
                byte[] whole = (before + secret + "/x").getBytes(StandardCharsets.UTF_8);
                String core = Base64.getEncoder().encodeToString(bytes).substring(4, 20);
                String masked = Secrets.masked(Base64.getEncoder().encodeToString(whole) + " "
                        + Base64.getUrlEncoder().encodeToString(whole));
                assertThat(masked).as(before + secret).contains("***").doesNotContain(core);
                assertThat(masked.length()).as(masked).isLessThan(2 * (before.length() + 14));
            }
        }
    }

    /** A cell of a table may be long: each of these took minutes when every letter was tried as a beginning. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "a.", "?a", "&a=", "a://", "://", "\u202e", "%41", "=", "/", "@", "a:"})
    void longTextsAreReadOnce(String part) {
        String text = part.repeat(1_000_000 / part.length());

        assertThat(Secrets.masked(text)).hasSizeLessThanOrEqualTo(text.length());
        assertThat(Printable.line(text)).isNotEmpty();
    }

    @Test
    void failuresKeepTheirKindAndTheirPlaceAndLoseTheirSecrets() {
        Secrets.learn("test.secret", "hidden/in+failures");
        IOException cause = new IOException("Signature of hidden%2Fin%2Bfailures");
        IOException failure = new IOException("403 for https://u:p@host/a?sig=abc", cause);

        IOException safe = Secrets.masked(failure);

        assertThat(safe).hasMessage("403 for https://host/a?sig=***");
        assertThat(safe.getCause()).hasMessage("Signature of ***");
        assertThat(safe.getStackTrace()).isEqualTo(failure.getStackTrace());
        assertThat(Secrets.masked((IOException) new FileNotFoundException("hidden/in+failures")))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessage("***");
        assertThat(Secrets.masked(new InvalidInputException("no hidden/in+failures")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("no ***");
        assertThat(Secrets.masked(new UncheckedIOException("of hidden/in+failures", cause)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("java.io.UncheckedIOException: of ***");
        IOException harmless = new IOException("404 for https://host/a");
        assertThat(Secrets.masked(harmless)).isSameAs(harmless);
    }
}
