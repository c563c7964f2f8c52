package dev.temper.spark.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/**
 * The address on which this process listens: the one on which Spark itself listens, and no other interface. It may
 * differ from the address by which other machines reach this one, for example in a container.
 */
final class ListeningAddress {
    private static final int BACKLOG = 1024;
    private static final String DRIVER = "driver"; // executor id of the driver
    private static final String BIND_ADDRESS = "--bind-address";

    private ListeningAddress() {}

    /** Binds a channel to a free port of this address. */
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

    /**
     * The driver's address is in the settings; an executor's was passed on its command line, and is its host by
     * default.
     */
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
