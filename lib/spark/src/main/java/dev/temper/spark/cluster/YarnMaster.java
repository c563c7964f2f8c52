package dev.temper.spark.cluster;

import dev.temper.spark.storage.StoreProbe;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** Checks that YARN's resource manager answers. A session would try a dead one for a quarter of an hour. */
final class YarnMaster {
    private static final Map<String, String> HASTY = Map.of(
            YarnConfiguration.RESOURCEMANAGER_CONNECT_MAX_WAIT_MS,
            "4000",
            YarnConfiguration.RESOURCEMANAGER_CONNECT_RETRY_INTERVAL_MS,
            "2000",
            "ipc.client.connect.timeout",
            "3000",
            "ipc.client.connect.max.retries",
            "0",
            "ipc.client.connect.max.retries.on.timeouts",
            "0",
            "ipc.client.rpc-timeout.ms",
            "2000");

    private YarnMaster() {}

    /** @throws IllegalStateException when it does not answer */
    static void verify(SparkConf conf) {
        Configuration hasty = new YarnConfiguration(SparkHadoopUtil.get().newConfiguration(conf));
        HASTY.forEach(hasty::set);
        try (YarnClient client = YarnClient.createYarnClient()) {
            client.init(hasty);
            client.start();
            client.getYarnClusterMetrics();
        } catch (IOException | YarnException | RuntimeException e) {
            throw new IllegalStateException(
                    ("YARN's resource manager at %s does not answer: %s; start it, or point HADOOP_CONF_DIR at the"
                                    + " folder of its yarn-site.xml")
                            .formatted(hasty.get(YarnConfiguration.RM_ADDRESS), StoreProbe.reason(e)),
                    e);
        }
    }
}
