package dev.temper.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.check.FailedRunException;
import dev.temper.storage.Lease.HeldException;
import dev.temper.storage.Lease.Pace;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LeaseTest {
    private static final Pace QUICK = new Pace(Duration.ofMillis(20), Duration.ofMillis(10), Duration.ofMillis(400));
    private static final Claimant NEAR = new Claimant("0000000a", "1.1", "anna on near");
    private static final Claimant FAR = new Claimant("0000000b", "2.2", "berta on far");

    private static final String NUMBER = "0".repeat(15);

    @TempDir
    private Path disk;

    private final List<String> told = Collections.synchronizedList(new ArrayList<>());

    @Test
    void theSecondLearnsWhoHoldsAndGetsItAfterwards() throws Exception {
        Folder folder = folder();
        try (Lease first = Lease.take(folder, NEAR, QUICK, told::add)) {
            assertThatThrownBy(() -> Lease.take(folder, FAR, QUICK, told::add))
                    .isInstanceOf(HeldException.class)
                    .hasMessage(folder.location() + " is being written by anna on near");
            first.checkHeld();
        }
        Lease.take(folder, FAR, QUICK, told::add).close();
        assertThat(told).hasSizeLessThanOrEqualTo(1).allMatch(text -> text.contains("looking whether it lives"));
    }

    @Test
    void waitsForAnothersEnd() throws Exception {
        Folder folder = folder();
        Lease first = Lease.take(folder, NEAR, QUICK, told::add);
        CountDownLatch waits = new CountDownLatch(1);
        Thread ending = new Thread(() -> {
            try {
                waits.await();
                first.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        ending.start();

        Lease second = Lease.await(folder, FAR, QUICK, text -> {
            told.add(text);
            if (text.endsWith("waiting for its end")) {
                waits.countDown();
            }
        });

        ending.join();
        second.checkHeld();
        second.close();
        assertThat(told).contains(folder.location() + " is being written by anna on near; waiting for its end");
    }

    @Test
    void leavesNothingAndKeepsWhatWasThere() throws Exception {
        Folder missing = Folder.local(disk.resolve("a/b/c"));
        try (Lease lease = Lease.take(missing, told::add)) {
            assertThat(missing.has("x")).isFalse();
            assertThat(missing.list()).isNotEmpty().allMatch(entry -> Lease.isPart(entry.name()));
            lease.clear();
            lease.checkHeld();
        }
        assertThat(disk.resolve("a")).doesNotExist();

        Path empty = Files.createDirectory(disk.resolve("empty"));
        Lease.take(Folder.local(empty), told::add).close();
        assertThat(empty).isEmptyDirectory();

        Folder filled = Folder.local(disk.resolve("filled"));
        try (Lease lease = Lease.take(filled, told::add)) {
            Lease.guarded(filled, lease.claim()).writeText("a.txt", "a");
        }
        assertThat(filled.list()).extracting("name").containsExactly("a.txt");
        assertThat(told).isEmpty();
    }

    @Test
    void whoWasSilentHereIsNotWaitedForElsewhere() throws Exception {
        Claimant dead = new Claimant("0000000c", "3.3", "carl on mars");
        Folder folder = folder();
        for (String name : List.of("one", "two")) {
            folder.child(name).writeText("lease-" + dead.prefix() + NUMBER + "1", dead.text());
            folder.child(name).writeText("lease-" + dead.prefix() + NUMBER + "1.beat", "holds 7");
        }

        Lease.take(folder.child("one"), NEAR, QUICK, told::add).close();
        assertThat(told)
                .containsExactly(
                        folder.location("one")
                                + " is held by carl on mars: looking whether it lives, for 0 seconds at most",
                        folder.location("one")
                                + " was held by carl on mars, which gave no sign of life for 0 seconds: taken over");
        told.clear();
        Lease.take(
                        folder.child("two"),
                        NEAR,
                        new Pace(Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1)),
                        told::add)
                .close();
        assertThat(told)
                .containsExactly(folder.location("two") + " was held by carl on mars, which has ended: taken over");
    }

    @Test
    void whatTheDeadHaveLeftInHalvesGoesAway() throws Exception {
        Claimant dead = new Claimant("0000000d", "4.4", "dora on moon");
        Folder folder = folder();
        folder.writeText("lease-" + dead.prefix() + NUMBER + "1", ""); // cut off
        folder.writeText("lease-" + dead.prefix() + NUMBER + "2.beat", "holds 3"); // its claim is gone
        Files.writeString(disk.resolve("folder/.temper-0123456789abcdef.part"), "half");
        Files.writeString(
                Files.createDirectories(disk.resolve("folder/b")).resolve(".temper-0123456789abcdef.part"), "");
        folder.writeText("mine.txt", "kept");
        folder.writeText("lease-agreement.pdf", "kept, too");

        Lease.take(folder, NEAR, QUICK, told::add).close();

        try (Stream<Path> files = Files.walk(disk.resolve("folder")).filter(Files::isRegularFile)) {
            assertThat(files)
                    .extracting(Path::getFileName)
                    .containsExactlyInAnyOrder(Path.of("mine.txt"), Path.of("lease-agreement.pdf"));
        }
    }

    @Test
    void whoeverLosesTheFolderLearnsItAndWritesNoMore() throws Exception {
        Folder folder = folder();
        CountDownLatch lost = new CountDownLatch(1);
        try (Lease lease = Lease.take(folder, NEAR, QUICK, told::add)) {
            Folder guarded = Lease.guarded(folder, lease.claim()).child("inside");
            guarded.writeText("a.txt", "before");
            lease.onLoss(lost::countDown);
            new LocalStore().delete(lease.claim()); // as one does that found it silent
            folder.writeText("lease-" + FAR.prefix() + NUMBER + "1", FAR.text());

            assertThatThrownBy(() -> guarded.writeText("b.txt", "after"))
                    .isInstanceOf(FailedRunException.class)
                    .hasMessageContaining(folder.location() + " is no longer the folder that was begun");
            assertThat(lost.await(1, TimeUnit.MINUTES)).isTrue();
            assertThatThrownBy(lease::checkHeld)
                    .isInstanceOf(FailedRunException.class)
                    .hasMessageContaining(folder.location() + " was taken over by berta on far, as no sign of life");
        }
        assertThat(folder.child("inside").list()).extracting("name").containsExactly("a.txt");
        assertThat(folder.has("lease-" + FAR.prefix() + NUMBER + "1")).isTrue();
    }

    @Test
    void aFolderThatVanishesIsNoticedAndNotMadeAnew() throws Exception {
        Folder folder = folder();
        CountDownLatch lost = new CountDownLatch(1);
        try (Lease lease = Lease.take(folder, NEAR, QUICK, told::add)) {
            lease.onLoss(lost::countDown);
            Files.move(disk.resolve("folder"), disk.resolve("elsewhere"));
            assertThat(lost.await(1, TimeUnit.MINUTES)).isTrue();
            assertThatThrownBy(lease::checkHeld).hasMessageContaining("it was moved or emptied, or its mount has gone");
        }
        assertThat(disk.resolve("folder")).doesNotExist();
    }

    @Test
    void aStrangersClaimIsShownAsText() throws Exception {
        Folder folder = folder();
        Claimant stranger = new Claimant("0000000e", "5.5", "\u001b[2J\u202Eevil\u0007" + "x".repeat(10_000));
        try (Lease lease = Lease.take(folder, stranger, QUICK, told::add)) {
            lease.checkHeld();
            assertThatThrownBy(() -> Lease.take(folder, NEAR, QUICK, told::add))
                    .hasMessageMatching("\\S+ is being written by \\?\\[2J\\?evil\\?x{190}");
        }
    }

    @Test
    void aProcessOfThisMachineIsKnownToLiveAndToHaveEnded() throws Exception {
        Folder folder = folder();
        Process holder = start(folder.location());
        assertThatThrownBy(() -> Lease.take(folder, told::add))
                .isInstanceOf(HeldException.class)
                .hasMessageContaining("(process " + holder.pid() + ", since ");
        assertThat(told).as("nothing to wait for").isEmpty();

        holder.destroyForcibly().waitFor();

        Lease.take(folder, told::add).close();
        assertThat(told).singleElement().asString().contains("which has ended: taken over");
        told.clear();
        assertThat(start(folder.location(), "and halt").waitFor()).isEqualTo(9);
        Lease.take(folder, told::add).close();
        assertThat(told).singleElement().asString().contains("which has ended: taken over");
    }

    @Test
    void whatCannotBeWrittenCannotBeTaken() throws Exception {
        Path file = Files.writeString(disk.resolve("file"), "");
        assertThatThrownBy(() -> Lease.take(Folder.local(file.resolve("below")), told::add))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Not a directory");
    }

    private Folder folder() {
        return Folder.local(disk.resolve("folder"));
    }

    /** Returns once it holds the folder. */
    private static Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), LeaseMain.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        assertThat(out.readLine()).isEqualTo("held");
        return process;
    }
}
