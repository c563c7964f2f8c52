package dev.temper.storage;

import dev.temper.check.FailedRunException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One process's sole right to write into a folder, on any store that shows what was written before: it needs neither a
 * file that only one can create, nor clocks that agree. docs/decisions/0009 says why it holds.
 *
 * <p>A claim is a file that is written once, {@code lease-<id>}; who lists the folder after that and finds no other
 * holds it. Beside it {@code lease-<id>.beat} changes every few seconds; whose does not for half a minute, is dead.
 * Whoever finds the claim, on any machine and at any time, sees the folder that was taken, and no other of its path.
 */
public final class Lease implements AutoCloseable {
    static final String PREFIX = "lease-";
    static final String BEAT = ".beat";
    private static final String ANSWER = ".seen-";

    /** Strict, as a user's file may begin so, too. */
    private static final Pattern FILE = Pattern.compile(PREFIX
            + "((0|[0-9a-f]{8})-([0-9]+\\.[0-9]+|[0-9a-f]{16})-[0-9a-f]{16})(" + BEAT + "|" + ANSWER + "[\\w.-]+)?");

    private static final Set<String> OURS = ConcurrentHashMap.newKeySet(); // claims that this process has not given up
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    /**
     * How often a holder gives a sign of life, and who looks for one looks.
     *
     * @param silence after which a holder is dead, by the pauses of who looks
     */
    record Pace(Duration beat, Duration look, Duration silence) {
        static final Pace USUAL = new Pace(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    /** Another process holds the folder, and lives. */
    public static final class HeldException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String owner;

        HeldException(String location, String owner) {
            super(location + " is being written by " + owner);
            this.owner = owner;
        }

        /** Who it is: user, machine, process, and since when. */
        public String owner() {
            return owner;
        }
    }

    private final Folder folder;
    private final NewFolders made;
    private final Claimant self;
    private final Pace pace;
    private final String id;
    private final ExecutorService heart = Executors.newSingleThreadExecutor(Lease::thread);
    private volatile Runnable onLoss = () -> {};
    private volatile String loss = "";
    private long beats;
    private boolean isClosed;

    private Lease(Folder folder, Claimant self, Pace pace) throws IOException {
        this.folder = folder;
        this.made = NewFolders.of(folder);
        this.self = self;
        this.pace = pace;
        this.id = self.prefix() + Claimant.hex(8);
    }

    /** Whether a file in a folder belongs to leases on it, and is no part of what the folder holds. */
    public static boolean isPart(String name) {
        return FILE.matcher(name).matches();
    }

    /** The id of the claim whose file has this name; empty for every other file. */
    static Optional<String> claimOf(String name) {
        Matcher file = FILE.matcher(name);
        return file.matches() && file.group(4) == null ? Optional.of(file.group(1)) : Optional.empty();
    }

    /**
     * Takes the folder, which need not be there. Waits up to half a minute where the holder may be dead.
     *
     * @param say gets a sentence about each wait and each holder that is found dead
     * @throws HeldException when another holds it and lives
     */
    public static Lease take(Folder folder, Consumer<String> say) throws IOException {
        return take(folder, Claimant.here(), Pace.USUAL, say);
    }

    /** As {@link #take}, but waits for another's end. */
    public static Lease await(Folder folder, Consumer<String> say) throws IOException {
        return await(folder, Claimant.here(), Pace.USUAL, say);
    }

    static Lease await(Folder folder, Claimant self, Pace pace, Consumer<String> say) throws IOException {
        String told = "";
        while (true) {
            try {
                return take(folder, self, pace, say);
            } catch (HeldException e) {
                if (!told.equals(e.getMessage())) {
                    told = e.getMessage();
                    say.accept(told + "; waiting for its end");
                }
                pause(pace.beat());
            }
        }
    }

    static Lease take(Folder folder, Claimant self, Pace pace, Consumer<String> say) throws IOException {
        Lease lease = new Lease(folder, self, pace);
        OURS.add(lease.id);
        try {
            lease.ask(new Watch(folder, self, pace.silence(), say));
            lease.sweep();
        } catch (IOException | RuntimeException | Error e) {
            lease.closeAfter(e);
            throw e;
        }
        long beat = pace.beat().toMillis();
        lease.heart.execute(() -> lease.beatAfter(beat));
        return lease;
    }

    /** Deletes claims on a folder of processes that are known to have ended, where nobody needs to take it any more. */
    public static void tidy(Folder folder) {
        try {
            Watch watch = new Watch(folder, Claimant.here(), Pace.USUAL.silence(), text -> {});
            watch.look(Watch.claims(folder), Duration.ZERO);
        } catch (IOException e) {
            return; // it may be in a place that cannot be written any more; they do no harm
        }
    }

    static boolean isOurs(String id) {
        return OURS.contains(id);
    }

    /**
     * A folder inside, on any machine, in which no file is begun once the lease is lost.
     *
     * @param claim as {@link #claim}
     */
    public static Folder guarded(Folder inside, String claim) {
        return new Folder(new GuardedStore(inside.store(), claim), inside.location());
    }

    /** Location of the file that is there as long as the lease holds. */
    public String claim() {
        return folder.location(PREFIX + id);
    }

    /** Location of a file in which another machine may answer that it sees a claim; it goes with the claim. */
    public static String answer(String claim, String machine) {
        return claim + ANSWER + machine.replaceAll("[^\\w.-]", "_");
    }

    /**
     * Looks, on any machine, whether a claim is there.
     *
     * @throws FailedRunException when it is not: it was given up, or the folder is not the one that was taken
     */
    public static void checkThere(Store store, String claim) throws IOException {
        if (store.find(claim).isEmpty()) {
            throw new FailedRunException(gone(claim.substring(0, claim.lastIndexOf('/'))));
        }
    }

    private static String gone(String location) {
        return location + " is no longer the folder that was begun: it was moved or emptied, or its mount has gone;"
                + " nothing more is written there: bring it back and run the same command again";
    }

    /** Runs once when the lease is lost while it should hold, on a thread of its own. */
    public void onLoss(Runnable action) {
        onLoss = action;
    }

    /** @throws FailedRunException saying why, when it is lost */
    public void checkHeld() {
        look();
        if (!loss.isEmpty()) {
            throw new FailedRunException(loss);
        }
    }

    /**
     * Deletes all that lies in the folder.
     *
     * @throws FailedRunException when the lease is lost
     */
    public void clear() throws IOException {
        Folder guarded = guarded(folder, claim());
        for (Store.Entry entry : folder.list()) {
            if (!isPart(entry.name())) {
                guarded.delete(entry.name());
            }
        }
    }

    /** Gives the folder back; one that was made for this lease goes, when nothing lies in it. */
    @Override
    public synchronized void close() throws IOException {
        if (isClosed) {
            return;
        }
        isClosed = true;
        heart.shutdownNow();
        try {
            withdraw();
            if (loss.isEmpty()) {
                made.deleteEmpty();
            }
        } finally {
            OURS.remove(id);
        }
    }

    private void closeAfter(Throwable failure) {
        try {
            close();
        } catch (IOException | RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Until no other claim is there beside our own; one that comes later finds ours. */
    private void ask(Watch others) throws IOException {
        Duration pause = Duration.ZERO;
        boolean asks = true;
        boolean isWritten = false;
        while (true) {
            if (asks && !isWritten) {
                write();
                isWritten = true;
            }
            List<String> claims = Watch.claims(folder);
            isWritten = claims.remove(id); // gone where another found us dead
            List<Watch.Other> living = others.look(claims, pause);
            Optional<Watch.Other> holder = living.stream()
                    .filter(other -> other.holds() && other.lives())
                    .findFirst();
            if (holder.isPresent()) {
                throw new HeldException(folder.location(), holder.get().owner());
            }
            if (living.isEmpty() && isWritten) {
                writeBeat("holds");
                return;
            }
            asks = living.stream()
                    .noneMatch(other -> other.holds() || other.id().compareTo(id) < 0);
            if (asks && isWritten) {
                writeBeat("asks");
            } else if (isWritten) {
                withdraw();
                isWritten = false;
            }
            pause = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
            pause = pause.compareTo(pace.look()) > 0 ? pace.look() : pause;
            pause(pause);
        }
    }

    /** What a process that died here had begun to write is of no use to anybody. */
    private void sweep() throws IOException {
        if (folder.store().localPath(folder.location()).isPresent()) {
            WholeFile.sweep(folder.store().localPath(folder.location()).get());
        }
        List<String> claims = Watch.claims(folder);
        for (Store.Entry entry : folder.list()) {
            String name = entry.name();
            Matcher file = FILE.matcher(name);
            if (file.matches() && file.group(4) != null && !claims.contains(file.group(1))) {
                folder.delete(name);
            }
        }
    }

    private void write() throws IOException {
        try {
            folder.writeText(PREFIX + id, self.text() + "\n");
        } catch (NoSuchFileException e) {
            folder.writeText(PREFIX + id, self.text() + "\n"); // another, giving it back, took its empty folder away
        }
    }

    private void writeBeat(String state) throws IOException {
        beats++;
        folder.writeText(PREFIX + id + BEAT, state + " " + beats + "\n");
    }

    private void withdraw() throws IOException {
        folder.delete(PREFIX + id + BEAT); // first: one without a claim means nothing
        folder.delete(PREFIX + id);
    }

    /** Again and again. By the processor's clock: one that is set back stops nothing. */
    private void beatAfter(long millis) {
        try {
            while (!heart.awaitTermination(millis, TimeUnit.MILLISECONDS)) {
                beat();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // by close()
        }
    }

    private synchronized void beat() {
        try {
            if (look()) {
                writeBeat("holds");
            }
        } catch (IOException | RuntimeException e) {
            return; // the store is away
        }
    }

    /** Whether it holds; it does while the store is away: until that is back nobody else can take the folder either. */
    private synchronized boolean look() {
        if (isClosed || !loss.isEmpty()) {
            return false;
        }
        try {
            if (!folder.has(PREFIX + id)) {
                lose();
            }
        } catch (IOException | RuntimeException e) {
            return loss.isEmpty();
        }
        return loss.isEmpty();
    }

    private void lose() throws IOException {
        List<Watch.Other> others = new Watch(folder, self, pace.silence(), text -> {}).see();
        loss = others.isEmpty()
                ? gone(folder.location())
                : "%s was taken over by %s, as no sign of life of this process was seen for %d seconds"
                        .formatted(
                                folder.location(),
                                others.get(0).owner(),
                                pace.silence().toSeconds());
        thread(onLoss).start();
        folder.delete(PREFIX + id + BEAT);
    }

    private static void pause(Duration duration) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for another's end");
        }
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "temper-lease");
        thread.setDaemon(true);
        return thread;
    }
}
