package dev.temper.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.testkit.S3Endpoint;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Spark against an S3 endpoint over HTTP. */
@Tag("spark")
final class S3EndpointTest {
    private static S3Endpoint s3;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Endpoint.start();
        s3.createBucket("bucket");
    }

    @AfterAll
    static void end() throws Exception {
        if (s3 != null) {
            s3.close();
        }
    }

    @Test
    void tableWrittenBySparkIsReadBack() throws Exception {
        Map<String, String> options = new HashMap<>(); // of this table, as the session is shared with other tests
        s3.sparkOptions().forEach((key, value) -> options.put(key.replaceFirst("^spark\\.hadoop\\.", ""), value));
        SparkSession spark = LocalSpark.session();

        spark.range(1000).write().options(options).parquet("s3a://bucket/a/table");

        assertThat(spark.read().options(options).parquet("s3a://bucket/a/table").count())
                .isEqualTo(1000);
        assertThat(s3.list("bucket")).contains("a/table/_SUCCESS");
    }

    @Test
    void objectsComeBackAsTheyWere() throws Exception {
        s3.put("/bucket/b.txt", "text".getBytes(StandardCharsets.UTF_8));

        assertThat(s3.read("/bucket/b.txt")).asString().isEqualTo("text");
        assertThatThrownBy(() -> s3.read("/bucket/none")).hasMessageContainingAll("404", "NoSuchKey");
    }
}
