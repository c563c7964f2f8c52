package dev.temper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class AwsSignatureTest {
    /** The published example "GET Bucket (List Objects)" of the S3 documentation. */
    @Test
    void equalsThePublishedExample() {
        AwsSignature signature =
                new AwsSignature("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");

        String header = signature
                .sign(
                        "GET",
                        URI.create("http://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"),
                        new byte[0],
                        Instant.parse("2013-05-24T00:00:00Z"))
                .headers()
                .firstValue("Authorization")
                .orElseThrow();

        assertThat(header).endsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }
}
