package dev.temper.kernel;

import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;

/**
 * A call of a program whose result may record. DJL's own way, {@code IValueUtils.forward}, never frees its arguments
 * when the call fails, and with them all that they have recorded; it also wants each array's role as its name, whose
 * parsing costs more than a small layer. What lies below it is not public, hence the handles.
 */
final class RecordingCall {
    private static final MethodHandle RUN;
    private static final MethodHandle RESULT;

    static {
        try {
            Class<?> library = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary", true, IValue.class.getClassLoader());
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(library, MethodHandles.lookup());
            MethodType run = MethodType.methodType(
                    long.class, long.class, String.class, long[].class, boolean.class, boolean.class);
            RUN = lookup.findVirtual(library, "moduleRunMethod", run)
                    .bindTo(lookup.findStaticGetter(library, "LIB", library).invoke());
            RESULT = MethodHandles.privateLookupIn(IValue.class, MethodHandles.lookup())
                    .findConstructor(IValue.class, MethodType.methodType(void.class, long.class));
        } catch (Throwable e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private RecordingCall() {}

    static IValue run(PtSymbolBlock block, String method, IValue[] arguments) {
        long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
        try {
            long result = (long) RUN.invoke(block.getHandle().longValue(), method, handles, true, false);
            return (IValue) RESULT.invoke(result);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("DJL's library threw what it does not declare", e);
        }
    }
}
