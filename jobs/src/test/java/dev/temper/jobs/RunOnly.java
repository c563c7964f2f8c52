package dev.temper.jobs;

import dev.temper.storage.LocalStore;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A main whose {@code run} only prints the recipe's name; started as a process of its own by {@link TemperTest}. */
final class RunOnly {
    private RunOnly() {}

    public static void main(String[] args) {
        Temper.run(args, new RunCommand(new LocalStore(), recipe -> {
                    if (recipe.name().equals("broken")) {
                        throw new IllegalStateException("worker 3 was lost");
                    }
                    System.out.println(recipe.name());
                    new Thread(RunOnly::waitForNobody, "like Spark's timer after a barrier stage").start();
                }))
                .leave();
    }

    private static void waitForNobody() {
        try {
            new CountDownLatch(1).await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
