package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GivenCoresTest {
    private static final SparkConf NOTHING = new SparkConf(false);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.apache.spark.executor.CoarseGrainedExecutorBackend --driver-url spark://X@h:4 --executor-id 0"
                        + " --hostname 10.0.0.2 --cores 3 --app-id app-1 --worker-url spark://W@10.0.0.2:5"
                        + " --resourceProfileId 0",
                "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend --driver-url spark://X@h:4 --executor-id 12"
                        + " --hostname h --cores 3 --app-id application_1_2 --resourceProfileId 0",
                "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend --driver-url spark://X@h:4"
                        + " --executor-id 1 --cores 3 --app-id spark-1 --hostname h --resourceProfileId 0 --podName p"
            })
    void anExecutorHasTheCoresThatItWasStartedWith(String command) {
        assertThat(GivenCores.ofCommand(command, NOTHING)).hasValue(3);
        assertThat(GivenCores.ofCommand(command, conf("spark.executor.cores", "8")))
                .hasValue(3);
    }

    @Test
    void whereTheCommandSaysNothingTheSettingCounts() {
        assertThat(GivenCores.ofCommand("some.Launcher --cores 5", conf("spark.executor.cores", "2")))
                .hasValue(2);
        assertThat(GivenCores.ofCommand("", NOTHING)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"local, 1", "local[3], 3", "'local[4,2]', 4", "local[*], 0", "'local[*,2]', 0", "yarn, 0"})
    void aLocalMasterHasTheCoresOfItsUrl(String master, int cores) {
        assertThat(GivenCores.ofMaster(conf("spark.master", master)))
                .isEqualTo(cores == 0 ? OptionalInt.empty() : OptionalInt.of(cores));
    }

    @ParameterizedTest
    @CsvSource({"local, true", "local[3], true", "'local[*,2]', true", "'local-cluster[2,1,1024]', false", "yarn, false"
    })
    void aLocalMasterHasItsExecutorInThisProcess(String master, boolean isLocal) {
        assertThat(GivenCores.isLocal(conf("spark.master", master))).isEqualTo(isLocal);
        assertThat(GivenCores.isLocal(NOTHING)).isTrue();
    }

    @Test
    void aDriverOnTheClusterHasItsOwnCores() {
        SparkConf there = conf("spark.master", "yarn").set("spark.submit.deployMode", "cluster");

        assertThat(GivenCores.ofDriver(there)).isEqualTo(1);
        assertThat(GivenCores.ofDriver(conf("spark.master", "local"))).isEqualTo(1);
        assertThat(GivenCores.ofDriver(conf("spark.master", "spark://h:7077")))
                .isEqualTo(Runtime.getRuntime().availableProcessors());
    }

    private static SparkConf conf(String key, String value) {
        return new SparkConf(false).set(key, value);
    }
}
