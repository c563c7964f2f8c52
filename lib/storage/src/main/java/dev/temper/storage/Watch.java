package dev.temper.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Observes the claims of other processes on a folder. Time is the sum of this process's own pauses between two
 * observations: clocks of different machines are never compared, and a process that was suspended itself does not
 * consider others dead for that.
 */
final class Watch {
    private static final int MAX_OWNER = 200;
    private static final int READS = 5;

    /** Processes whose claim on one folder was silent; their claims on other folders are not waited for again. */
    private static final Set<String> SILENT = ConcurrentHashMap.newKeySet();

    private final Folder folder;
    private final Claimant self;
    private final Duration silence;
    private final Consumer<String> say;
    private final Map<String, Seen> seen = new HashMap<>();

    /**
     * A claim of another process.
     *
     * @param holds whether it says that it holds the folder; otherwise it is waiting for it
     * @param lives whether its heartbeat was seen to change; otherwise it may be dead
     */
    record Other(String id, String owner, boolean holds, boolean lives) {}

    /** The last heartbeat of a claim, since when it has not changed, and whether it ever did. */
    private record Seen(String beat, Duration unchanged, boolean hasChanged) {
        Seen after(Duration pause, String now) {
            return now.equals(beat)
                    ? new Seen(beat, unchanged.plus(pause), hasChanged)
                    : new Seen(now, Duration.ZERO, true);
        }
    }

    /** @param silence a claim whose heartbeat does not change for so long is dead */
    Watch(Folder folder, Claimant self, Duration silence, Consumer<String> say) {
        this.folder = folder;
        this.self = self;
        this.silence = silence;
        this.say = say;
    }

    /** Ids of all claims on a folder. */
    static List<String> claims(Folder folder) throws IOException {
        List<String> claims = new ArrayList<>();
        for (Store.Entry entry : folder.list()) {
            Lease.claimOf(entry.name()).ifPresent(claims::add);
        }
        return claims;
    }

    /** The claims of other processes, as they are now. */
    List<Other> see() throws IOException {
        List<Other> others = new ArrayList<>();
        for (String id : claims(folder)) {
            owner(id).ifPresent(owner -> others.add(new Other(id, owner, false, false)));
        }
        return others;
    }

    /**
     * Observes once, and deletes claims of dead processes.
     *
     * @param ids of the claims of other processes
     * @param pause since the last observation
     * @return those that may be alive
     */
    List<Other> look(List<String> ids, Duration pause) throws IOException {
        List<Other> living = new ArrayList<>();
        for (String id : ids) {
            String beat = text(Lease.PREFIX + id + Lease.BEAT).orElse("");
            Optional<String> owner = owner(id);
            if (owner.isEmpty()) {
                continue; // it was released meanwhile
            }
            boolean isNew = !seen.containsKey(id);
            Seen now =
                    isNew ? new Seen(beat, Duration.ZERO, false) : seen.get(id).after(pause, beat);
            seen.put(id, now);
            Other other = new Other(id, owner.get(), beat.startsWith("holds "), now.hasChanged());
            Claimant.Life life = lifeOf(id);
            if (life == Claimant.Life.ENDED) {
                bury(other, "has ended");
            } else if (life == Claimant.Life.LIVES) {
                living.add(new Other(id, other.owner(), other.holds(), true));
            } else if (now.unchanged().compareTo(silence) >= 0) {
                SILENT.add(process(id));
                bury(other, "gave no sign of life for " + silence.toSeconds() + " seconds");
            } else {
                living.add(other);
                if (isNew && other.holds()) {
                    tell("%s is held by %s: looking whether it lives, for %d seconds at most", other);
                }
            }
        }
        return living;
    }

    private void bury(Other dead, String why) throws IOException {
        if (dead.holds()) {
            tell("%s was held by %s, which " + why + ": taken over", dead);
        }
        folder.delete(Lease.PREFIX + dead.id() + Lease.BEAT);
        folder.delete(Lease.PREFIX + dead.id());
    }

    private void tell(String format, Other other) {
        say.accept(String.format(Locale.ROOT, format, folder.location(), other.owner(), silence.toSeconds()));
    }

    private Claimant.Life lifeOf(String id) {
        if (id.startsWith(self.prefix())) {
            return Lease.isOurs(id) ? Claimant.Life.LIVES : Claimant.Life.ENDED;
        }
        return SILENT.contains(process(id)) ? Claimant.Life.ENDED : self.lifeOf(id);
    }

    private static String process(String id) {
        return id.substring(0, Math.max(0, id.lastIndexOf('-')));
    }

    /**
     * Description of a claim's owner; empty when the claim was released. Anyone with write access may have written the
     * file, so its size and content are not trusted.
     */
    private Optional<String> owner(String id) throws IOException {
        return text(Lease.PREFIX + id)
                .map(text -> text.strip().replaceAll("\\p{C}", "?"))
                .map(text ->
                        text.isEmpty() ? "an unknown process" : text.substring(0, Math.min(text.length(), MAX_OWNER)));
    }

    private Optional<String> text(String name) throws IOException {
        for (int read = 1; true; read++) {
            try {
                return Optional.of(folder.readText(name));
            } catch (FileNotFoundException | NoSuchFileException e) {
                return Optional.empty();
            } catch (IOException e) {
                if (read == READS) { // S3A fails when an object is replaced while it is being opened
                    throw e;
                }
            }
        }
    }
}
