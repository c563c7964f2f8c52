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
 * The exclusive right of one process to write into a folder. It works on any store with read-after-write consistency:
 * it needs neither atomic creation of files nor synchronized clocks. docs/decisions/0009 explains why it is safe.
 *
 * <p>A process claims the folder by writing a file {@code lease-<id>}; if it then lists the folder and finds no other
 * claim, it holds the lease. The file {@code lease-<id>.beat} next to it changes every few seconds; a holder whose file
 * does not change for half a minute is considered dead. The claim also identifies the folder: a machine that finds the
 * claim's file at the same path sees the same folder, and not another one mounted there.
 */
public final class Lease implements AutoCloseable {
    static final String PREFIX = "lease-";
    static final String BEAT = ".beat";
    private static final String ANSWER = ".seen-";

    /** Matches our files only: the folder may contain user files whose names also begin with the prefix. */
    private static final Pattern FILE = Pattern.compile(PREFIX
            + "((0|[0-9a-f]{8})-([0-9]+\\.[0-9]+|[0-9a-f]{16})-[0-9a-f]{16})(" + BEAT + "|" + ANSWER + "[\\w.-]+)?");

    // claims of this process that have not been released
    private static final Set<String> OURS = ConcurrentHashMap.newKeySet();
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    /**
     * Intervals of a lease.
     *
     * @param beat how often a holder updates its heartbeat file
     * @param look how often a waiting process reads it
     * @param silence a heartbeat that has not changed for so long means a dead holder; measured by the reader's own
     *     pauses
     */
    record Pace(Duration beat, Duration look, Duration silence) {
        static final Pace USUAL = new Pace(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    /** Another live process holds the folder. */
    public static final class HeldException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String owner;

        HeldException(String location, String owner) {
            super(location + " is being written by " + owner);
            this.owner = owner;
        }

        /** User, machine, process and start time of the holder, for messages. */
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

    /** Whether a file belongs to a lease and is not part of the folder's content. */
    public static boolean isPart(String name) {
        return FILE.matcher(name).matches();
    }

    /** The id of the claim whose file has this name; empty for all other files. */
    static Optional<String> claimOf(String name) {
        Matcher file = FILE.matcher(name);
        return file.matches() && file.group(4) == null ? Optional.of(file.group(1)) : Optional.empty();
    }

    /**
     * Takes the lease of a folder, which is created if missing. Waits up to half a minute to find out whether another
     * holder is still alive.
     *
     * @param say receives a sentence for each wait and each dead holder
     * @throws HeldException when another live process holds it
     */
    public static Lease take(Folder folder, Consumer<String> say) throws IOException {
        return take(folder, Claimant.here(), Pace.USUAL, say);
    }

    /** As {@link #take}, but waits until another holder releases the folder. */
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

    /** Deletes claims of processes that are known to have ended, without taking the lease. */
    public static void tidy(Folder folder) {
        try {
            Watch watch = new Watch(folder, Claimant.here(), Pace.USUAL.silence(), text -> {});
            watch.look(Watch.claims(folder), Duration.ZERO);
        } catch (IOException e) {
            return; // the folder may be read-only by now; stale claims do no harm
        }
    }

    static boolean isOurs(String id) {
        return OURS.contains(id);
    }

    /**
     * A view of a folder inside the leased one, usable on any machine, that refuses to create files once the lease is
     * lost.
     *
     * @param claim as {@link #claim}
     */
    public static Folder guarded(Folder inside, String claim) {
        return new Folder(new GuardedStore(inside.store(), claim), inside.location());
    }

    /** Location of the claim's file, which exists as long as the lease is held. */
    public String claim() {
        return folder.location(PREFIX + id);
    }

    /**
     * Location of the file that another machine writes to confirm that it sees a claim. It is deleted with the claim.
     */
    public static String answer(String claim, String machine) {
        return claim + ANSWER + machine.replaceAll("[^\\w.-]", "_");
    }

    /**
     * Checks, on any machine, that a claim's file exists.
     *
     * @throws FailedRunException when it does not: the lease was released, or this path is another folder
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

    /** Registers an action to run once, on its own thread, if the lease is lost before it is closed. */
    public void onLoss(Runnable action) {
        onLoss = action;
    }

    /** @throws FailedRunException with the reason, when the lease is lost */
    public void checkHeld() {
        look();
        if (!loss.isEmpty()) {
            throw new FailedRunException(loss);
        }
    }

    /**
     * Deletes everything in the folder except the lease's own files.
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

    /** Releases the lease. A folder that was created for it is deleted if it is empty. */
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

    /** Waits until there is no claim but ours. A process that comes later will find ours. */
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
            isWritten = claims.remove(id); // gone if another process considered us dead
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

    /** Deletes unfinished files of processes that died while writing into this folder. */
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
            // the previous holder deleted its empty folder on release
            folder.writeText(PREFIX + id, self.text() + "\n");
        }
    }

    private void writeBeat(String state) throws IOException {
        beats++;
        folder.writeText(PREFIX + id + BEAT, state + " " + beats + "\n");
    }

    private void withdraw() throws IOException {
        folder.delete(PREFIX + id + BEAT); // the heartbeat first: without a claim it has no meaning
        folder.delete(PREFIX + id);
    }

    /** Schedules the next heartbeat, by a monotonic clock: setting the system's clock back does not stop it. */
    private void beatAfter(long millis) {
        try {
            while (!heart.awaitTermination(millis, TimeUnit.MILLISECONDS)) {
                beat();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // interrupted by close()
        }
    }

    private synchronized void beat() {
        try {
            if (look()) {
                writeBeat("holds");
            }
        } catch (IOException | RuntimeException e) {
            return; // the store cannot be reached
        }
    }

    /**
     * Whether the lease still holds. It does while the store cannot be reached, as no other process can take the folder
     * then either.
     */
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
