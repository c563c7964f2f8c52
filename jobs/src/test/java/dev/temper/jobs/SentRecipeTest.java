package dev.temper.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** Recipes that come by {@code --files}. */
final class SentRecipeTest {
    private static final SparkConf CONF = new SparkConf(false)
            .set("spark.files", "file:/a/other.yaml, hdfs://n/recipes/r.yaml,s3a://b/long.yaml#short.yaml")
            .set("spark.yarn.dist.files", "file:/home/me/y.yaml");

    @Test
    void aNameIsLookedForAmongTheFilesThatWereSent() {
        assertThat(RecipeArguments.sent(CONF, "r.yaml")).isEqualTo("hdfs://n/recipes/r.yaml");
        assertThat(RecipeArguments.sent(CONF, "short.yaml")).isEqualTo("s3a://b/long.yaml");
        assertThat(RecipeArguments.sent(CONF, "y.yaml")).isEqualTo("file:/home/me/y.yaml");
    }

    @Test
    void anythingElseStaysAsItIs() {
        for (String location :
                new String[] {"", "nowhere.yaml", "long.yaml", "recipes/r.yaml", "s3a://b/r.yaml", "pom.xml"}) {
            assertThat(RecipeArguments.sent(CONF, location)).isEqualTo(location);
        }
    }
}
