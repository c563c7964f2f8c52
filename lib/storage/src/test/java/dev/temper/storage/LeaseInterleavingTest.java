package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.storage.Lease.Pace;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contenders on machines that know nothing of each other, in thousands of orders of their operations on the store. */
final class LeaseInterleavingTest {
    private static final int ORDERS = 500;
    private static final int IMMORTAL = Integer.MAX_VALUE;
    private static final Pace NOBODY_DIES = new Pace(Duration.ofHours(1), Duration.ofMillis(0), Duration.ofHours(1));
    private static final Pace SOMEBODY_DIES = new Pace(Duration.ofHours(1), Duration.ofNanos(1), Duration.ofNanos(40));

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void oneGoesOnAndNoTwoAtATime(int contenders) throws Exception {
        for (int seed = 0; seed < ORDERS; seed++) {
            Contest contest = new Contest(seed);
            for (int i = 0; i < contenders; i++) {
                contest.add(i, IMMORTAL, NOBODY_DIES);
            }
            contest.turns.run();

            assertThat(contest.mostAtATime.get()).as("seed %d", seed).isEqualTo(1);
            assertThat(contest.wins.get() + contest.refusals.get())
                    .as("seed %d", seed)
                    .isEqualTo(contenders);
            assertThat(contest.store.list("folder")).as("seed %d", seed).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whoDiesAtAnyOperationDoesNotKeepTheOthersOut(int survivors) throws Exception {
        int refusedBecauseOfTheDead = 0;
        for (int seed = 0; seed < ORDERS; seed++) {
            Contest contest = new Contest(seed);
            contest.add(0, seed % 16, SOMEBODY_DIES);
            for (int i = 1; i <= survivors; i++) {
                contest.add(i, IMMORTAL, SOMEBODY_DIES);
            }
            contest.turns.run();

            assertThat(contest.mostAtATime.get()).as("seed %d", seed).isLessThanOrEqualTo(1);
            refusedBecauseOfTheDead += contest.survivorsWins.get() == 0 ? 1 : 0; // it was seen to live before it died
            Claimant late = new Claimant("0000000f", "1.1", "late");
            Lease.take(new Folder(contest.store, "folder"), late, SOMEBODY_DIES, text -> {})
                    .close();
            assertThat(contest.store.list("folder")).as("seed %d", seed).isEmpty();
        }
        assertThat(refusedBecauseOfTheDead).isLessThan(ORDERS / 4);
    }

    private static final class Contest {
        private static final AtomicInteger PROCESSES = new AtomicInteger();

        final MemoryStore store = new MemoryStore();
        final Turns turns;
        final AtomicInteger inside = new AtomicInteger();
        final AtomicInteger mostAtATime = new AtomicInteger();
        final AtomicInteger wins = new AtomicInteger();
        final AtomicInteger survivorsWins = new AtomicInteger();
        final AtomicInteger refusals = new AtomicInteger();

        Contest(long seed) {
            turns = new Turns(seed, store);
        }

        void add(int number, int operations, Pace pace) {
            Claimant self = new Claimant("0000000" + number, PROCESSES.incrementAndGet() + ".1", "contender " + number);
            turns.add(operations, steps -> contend(new Folder(steps, "folder"), self, operations, pace));
        }

        private void contend(Folder folder, Claimant self, int operations, Pace pace) throws IOException {
            boolean isImmortal = operations == IMMORTAL;
            boolean isIn = false;
            try (Lease lease = Lease.take(folder, self, pace, text -> {})) {
                isIn = true;
                lease.checkHeld();
                mostAtATime.accumulateAndGet(inside.incrementAndGet(), Math::max);
                folder.has("anything"); // others' turns come while it is inside
                folder.has("anything");
                wins.incrementAndGet();
                survivorsWins.addAndGet(isImmortal ? 1 : 0);
                inside.decrementAndGet();
                isIn = false;
            } catch (Lease.HeldException e) {
                refusals.incrementAndGet();
                assertThat(e.owner()).startsWith("contender ");
            } catch (IOException e) {
                if (isIn) {
                    inside.decrementAndGet(); // the dead are not inside
                }
                assertThat(isImmortal).as(e.toString()).isFalse();
            }
        }
    }
}
