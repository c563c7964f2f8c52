package dev.temper.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RecipeSecretsTest {
    @Test
    void valuesOfSecretKeysAreMasked() {
        assertThat(RecipeSecrets.removed(YamlText.parse(
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
