package dev.temper.spark.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/**
 * Where this process may be connected to: where Spark itself listens, and nowhere else. That is not always the address
 * that others know it by, which in a container may be none of this machine.
 */
final class ListeningAddress {
    private static final int BACKLOG = 1024;
    private static final String DRIVER = "driver"; // as Spark calls it among its executors
    private static final String BIND_ADDRESS = "--bind-address";

    private ListeningAddress() {}

    /** A channel that listens on a free port. */
    static ServerSocketChannel listen(SparkEnv environment) throws IOException {
        String host = of(environment);
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            InetSocketAddress address = new InetSocketAddress(host, 0);
            if (address.isUnresolved()) {
                throw new IOException("unknown host");
            }
            return channel.bind(address, BACKLOG);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw new IOException("cannot listen at " + host + ", where Spark does: " + e.getMessage(), e);
        }
    }

    /** A driver's is in the settings; an executor has got its own on its command line, by default its host. */
    static String of(SparkEnv environment) {
        if (environment.executorId().equals(DRIVER)) {
            SparkConf conf = environment.conf();
            return conf.get("spark.driver.bindAddress", conf.get("spark.driver.host", "localhost"));
        }
        List<String> command =
                Arrays.asList(System.getProperty("sun.java.command", "").split(" "));
        int option = command.indexOf(BIND_ADDRESS);
        return option >= 0 && option + 1 < command.size()
                ? command.get(option + 1)
                : environment.blockManager().blockManagerId().host();
    }
}
