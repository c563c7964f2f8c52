package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SecretsTest {
    @ParameterizedTest
    @CsvSource({
        "https://user:word@host/a, https://host/a",
        "https://token@host/a, https://host/a",
        "s3a://KEY:se/cr:et@bucket/a, s3a://bucket/a",
        "hdfs://name:8020/models/x@v1, hdfs://name:8020/models/x@v1",
        "s3a://bucket/models/x@v1, s3a://bucket/models/x@v1",
        "wasbs://container@account/a, wasbs://container@account/a",
        "https://host/a?sig=abc&v=1, https://host/a?sig=***&v=1",
        "https://host/a?AWSAccessKeyId=abc&b=c, https://host/a?AWSAccessKeyId=***&b=c",
        "https://host/a?access_token=abc, https://host/a?access_token=***",
        "cannot read s3a://k:s@b/a: denied, cannot read s3a://b/a: denied",
        "me@example.org?token=1, me@example.org?token=1",
    })
    void locationsLoseTheirCredentials(String text, String expected) {
        assertThat(Secrets.remove(text)).isEqualTo(expected);
    }

    @Test
    void valuesOfSecretKeysAreMasked() {
        assertThat(Secrets.remove(YamlText.parse(
                                """
                                {hub_token: a, s3: [{secret_key: {b: c}, access_key: d, password: e, credentials: f}],
                                 max_new_tokens: 5, micro_batch_tokens: 6, key: g,
                                 add_tokens: [{content: h}], trainable_token_indices: added}
                                """,
                                "test"))
                        .toString())
                .isEqualTo(
                        """
                        {"hub_token":"***","s3":[{"secret_key":"***","access_key":"***","password":"***",\
                        "credentials":"***"}],"max_new_tokens":5,"micro_batch_tokens":6,"key":"g",\
                        "add_tokens":[{"content":"h"}],"trainable_token_indices":"added"}""");
    }
}
