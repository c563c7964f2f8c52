package dev.temper.storage;

import java.nio.file.Path;

/** A process that takes a folder and then waits for its end, or, with a second argument, ends without a word. */
final class LeaseMain {
    private LeaseMain() {}

    public static void main(String[] args) throws Exception {
        Lease.take(Folder.local(Path.of(args[0])), System.err::println);
        System.out.println("held");
        if (args.length > 1) {
            Runtime.getRuntime().halt(9);
        }
        Thread.sleep(Long.MAX_VALUE);
    }
}
