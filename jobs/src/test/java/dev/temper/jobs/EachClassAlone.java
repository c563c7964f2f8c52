package dev.temper.jobs;

import java.io.IOException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Leaves nothing of a test class to the next one in this JVM, for all classes of this module: no Spark session, whose
 * cores a run would take, and no connection to an endpoint that is gone, which Hadoop keeps by the bucket's name.
 */
public final class EachClassAlone implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        if (SparkSession.getDefaultSession().isDefined()) {
            SparkSession.getDefaultSession().get().stop();
        }
        FileSystem.closeAll();
    }
}
