package dev.temper.jobs;

import dev.temper.run.output.OwnFolder;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/**
 * A process that does what it is told on its standard input, line by line, and answers each with one line: {@code take}
 * a folder and hold it until {@code release}, or {@code run} a recipe.
 */
final class ContenderMain {
    private ContenderMain() {}

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        answers.println(Instant.now());
        OwnFolder own = null;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            List<String> words = List.of(line.split("\t"));
            if (words.get(0).equals("run")) {
                Exit exit = Temper.run(
                        words.toArray(String[]::new),
                        new RunCommand(Jobs.store(), recipe -> Jobs.run(recipe, List.of("test", "commit"))));
                answers.println(exit.code() + " " + exit.message());
            } else if (words.get(0).equals("take")) {
                try {
                    own = OwnFolder.take("output", Jobs.store().folder(words.get(1)), warning -> {});
                    answers.println("0 ");
                } catch (RuntimeException e) {
                    answers.println("2 " + e.getMessage());
                }
            } else if (own != null) {
                own.close();
                own = null;
                answers.println("released");
            } else {
                answers.println("nothing");
            }
        }
        System.exit(0);
    }
}
