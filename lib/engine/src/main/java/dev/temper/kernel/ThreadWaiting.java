package dev.temper.kernel;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;

/**
 * How threads of an operator wait for the next one. libtorch's OpenMP lets them spin for milliseconds, which takes the
 * cores from whoever else is on the machine, and its own threads then wait for each other. Here they spin for
 * microseconds and sleep, unless the environment of the process says otherwise: {@code GOMP_SPINCOUNT} or
 * {@code OMP_WAIT_POLICY}.
 *
 * <p>libgomp reads its environment once, when it is loaded; so it is set in this process just before that. Executors,
 * services and tests so need nobody to pass it to them.
 *
 * @see <a href="https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html">GOMP_SPINCOUNT</a>
 */
final class ThreadWaiting {
    private static final String VARIABLE = "GOMP_SPINCOUNT";
    private static final String SPINS = "700"; // docs/decisions/0010 has what others cost

    static {
        boolean isChosen = System.getenv(VARIABLE) != null || System.getenv("OMP_WAIT_POLICY") != null;
        if (!isChosen && Platform.isLinux()) { // other systems have another OpenMP
            set();
        }
    }

    private ThreadWaiting() {}

    private static void set() {
        try {
            NativeLibrary.getProcess().getFunction("setenv").invokeInt(new Object[] {VARIABLE, SPINS, 0});
        } catch (LinkageError e) {
            // no C function can be called here: threads spin as long as they are used to
        }
    }

    /** Call before libtorch is loaded; later it changes nothing. */
    static void shorten() {}
}
