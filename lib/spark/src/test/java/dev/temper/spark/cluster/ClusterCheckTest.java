package dev.temper.spark.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.InvalidInputException;
import dev.temper.spark.ClosedPort;
import dev.temper.spark.cluster.StandaloneMaster.Machine;
import java.net.ServerSocket;
import java.util.Collections;
import java.util.List;
import org.apache.spark.SparkConf;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is known of a cluster before a session; {@link SparkClusterTest} asks a master that is there. */
final class ClusterCheckTest {
    private static final String FOUR = "cluster.workers: 4 workers train side by side and need a slot each, and ";

    @Test
    void dynamicAllocationIsRefused() {
        SparkConf conf = conf("spark.master=yarn", "spark.dynamicAllocation.enabled=true");

        assertThatThrownBy(() -> ClusterCheck.verify(conf, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("spark.dynamicAllocation.enabled must be false");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "spark.master=local | --master local has 1: set --master local[4], or cluster.workers to 1",
                "spark.master=local[3] | --master local[3] has 3: set --master local[4], or cluster.workers to 3",
                "spark.master=local[6];spark.task.cpus=2 | --master local[6] has 3: set --master local[8], or"
                        + " cluster.workers to 3",
                "spark.master=local-cluster[3,1,512] | local-cluster[3,1,512] has 3: set more of it in --master, or"
                        + " cluster.workers to 3",
                "spark.master=yarn | spark.executor.instances=2 executors of spark.executor.cores=1 have 2: set"
                        + " spark.executor.instances=4, or cluster.workers to 2",
                "spark.master=k8s://https://h:1;spark.executor.instances=1;spark.executor.cores=3 |"
                        + " spark.executor.instances=1 executors of spark.executor.cores=3 have 3: set"
                        + " spark.executor.instances=2, or cluster.workers to 3",
                "spark.master=yarn;spark.task.cpus=2 | spark.executor.instances=2 executors of spark.executor.cores=1"
                        + " have 0: set spark.executor.cores=2",
            })
    void tooFewSlotsBySettingsAreRefusedWithWhatToSet(String settings, String message) {
        SparkConf conf = conf(settings.split(";"));

        assertThatThrownBy(() -> ClusterCheck.verifySettings(conf, 4))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage(FOUR + message);
    }

    @Test
    void enoughSlotsBySettingsPass() {
        for (String settings : List.of(
                "spark.master=local[4]",
                "spark.master=local-cluster[2,2,512]",
                "spark.master=yarn;spark.executor.instances=2;spark.executor.cores=2",
                "spark.app.name=without-a-master")) {
            assertThatCode(() -> ClusterCheck.verify(conf("spark.submit.deployMode=cluster", settings), 4))
                    .as(settings)
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "spark.x=y | 8 | ''",
                "spark.cores.max=3 | 3 | spark.cores.max=4",
                "spark.cores.max=3;spark.executor.cores=2 | 2 | spark.cores.max=4",
                "spark.executor.memory=4g | 0 | spark.executor.memory to less than its 4096 MB",
                "spark.executor.memory=2g;spark.executor.cores=1 | 2 | spark.executor.memory to less than its 2048 MB",
                "spark.executor.cores=3 | 6 | ''",
                "spark.executor.cores=5 | 0 | spark.executor.cores to less than its 5",
                "spark.task.cpus=3 | 2 | --master to a larger cluster",
                "spark.submit.deployMode=cluster | 7 | ''",
                "spark.submit.deployMode=cluster;spark.executor.cores=4 | 4 | ''",
            })
    void slotsOfAStandaloneCluster(String settings, int slots, String remedy) {
        List<Machine> machines = Collections.nCopies(2, new Machine(4, 2048));

        Slots found = Slots.of(conf(settings.split(";")), machines, 4);

        Assertions.assertThat(found.count()).isEqualTo(slots);
        if (slots < 4) {
            Assertions.assertThat(found.remedy()).isEqualTo(remedy);
        }
    }

    @Test
    void aMasterThatIsNotThereIsNamed() throws Exception {
        String master = "spark://127.0.0.1:" + ClosedPort.find();

        assertThatThrownBy(() -> ClusterCheck.verify(conf("spark.master=" + master), 2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the master " + master + " does not answer: ")
                .hasMessageContaining("Connection refused");
    }

    @Test
    void aMasterThatNeverSaysAWordIsNamed() throws Exception {
        try (ServerSocket silent = ClosedPort.silent()) {
            String master = "spark://127.0.0.1:" + silent.getLocalPort() + ",127.0.0.1:" + ClosedPort.find();

            assertThatThrownBy(() -> ClusterCheck.verifyMaster(conf("spark.master=" + master)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the master " + master + " does not answer: TimeoutException ")
                    .hasMessageContaining("; ConnectException Connection refused");
        }
    }

    @Test
    void aResourceManagerThatIsNotThereIsNamed() throws Exception {
        int port = ClosedPort.find();
        try (ServerSocket silent = ClosedPort.silent()) {
            for (int at : List.of(port, silent.getLocalPort())) {
                SparkConf conf = conf("spark.master=yarn", "spark.hadoop.yarn.resourcemanager.address=127.0.0.1:" + at);

                assertThatThrownBy(() -> ClusterCheck.verifyMaster(conf))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("resource manager at 127.0.0.1:" + at + " does not answer: ");
            }
        }
    }

    private static SparkConf conf(String... settings) {
        SparkConf conf = new SparkConf(false);
        for (String setting : settings) {
            for (String one : setting.split(";")) {
                int equals = one.indexOf('=');
                conf.set(one.substring(0, equals), one.substring(equals + 1));
            }
        }
        return conf;
    }
}
