package dev.temper.jobs;

import dev.temper.spark.cluster.Interruption;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * SIGTERM, Ctrl-C, and a terminal that hangs up. The first one asks the command to end in order; another one ends the
 * process at once, as if it were not handled. Shells, schedulers and {@code timeout} may send the same one to a process
 * and to its group, so what comes within half a second counts as one.
 */
final class Signals {
    private static final List<String> NAMES = List.of("INT", "TERM", "HUP");
    private static final long SAME_NANOS = Duration.ofMillis(500).toNanos();

    private static final AtomicReference<Received> FIRST = new AtomicReference<>();

    private record Received(int number, long nanos) {}

    private Signals() {}

    /** From now on. */
    static void handle() {
        NAMES.forEach(Signals::handle);
    }

    /** As a shell has it: 128 and the signal's number. */
    static int exitCode() {
        Received first = FIRST.get();
        return first == null ? 1 : 128 + first.number();
    }

    private static void answer(Object signal) throws ReflectiveOperationException {
        int number = (int) signal.getClass().getMethod("getNumber").invoke(signal);
        Received received = new Received(number, System.nanoTime());
        if (FIRST.compareAndSet(null, received)) {
            Interruption.ofProcess().ask();
        } else if (received.nanos() - FIRST.get().nanos() > SAME_NANOS) {
            end(signal);
        }
    }

    /** By the signal itself: no exit, and so nothing that could wait or crash on the way. */
    private static void end(Object signal) throws ReflectiveOperationException {
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        signal.getClass()
                .getMethod("handle", signal.getClass(), handler)
                .invoke(null, signal, handler.getField("SIG_DFL").get(null));
        signal.getClass().getMethod("raise", signal.getClass()).invoke(null, signal);
    }

    // javac warns of each use of sun.misc.Signal, for which there is no other way, and that cannot be switched off.
    private static void handle(String name) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            answer(arguments[0]);
                            return null;
                        }
                        return method.invoke(name, arguments); // of Object
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            System.err.println("temper: SIG" + name + " ends the process without a checkpoint: " + e.getCause());
        }
    }
}
