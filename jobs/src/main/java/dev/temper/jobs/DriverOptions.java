package dev.temper.jobs;

import static dev.temper.check.Check.check;

import org.apache.spark.launcher.JavaModuleOptions;

/** What Spark needs of the JVM that it runs in. */
final class DriverOptions {
    private DriverOptions() {}

    /**
     * Spark's launcher adds the options everywhere but where a standalone cluster starts a driver.
     *
     * @throws dev.temper.check.InvalidInputException with the option to add
     */
    static void verify() {
        boolean isOpen = Object.class.getModule().isOpen("sun.nio.ch", DriverOptions.class.getModule());
        check(
                isOpen,
                "Spark cannot run in this JVM, which was started without the options that it needs of a JDK 17, as those"
                        + " of drivers in standalone clusters are: add to spark-submit --driver-java-options \"%s\", or"
                        + " use temper submit, which does",
                JavaModuleOptions.defaultModuleOptions());
    }
}
