package dev.temper.bench;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The architecture: which package may import which. Why there is such a table: docs/decisions/0001. */
final class ImportTableTest {
    private static final String ROOT = "dev.temper";

    /** One row per package: what of ours it may import, {@code check} and {@code storage} aside; or {@code all}. */
    private static final String TABLE =
            """
            check       |
            storage     |
            kernel      |
            safetensors |
            collective  |
            track       |
            jinja       |
            text        | jinja
            testkit     |
            quant       | kernel safetensors
            model       | kernel quant safetensors
            adapter     | kernel safetensors model
            generate    | kernel adapter model
            inference   | kernel adapter model safetensors generate text
            eval        | kernel model text generate
            report      | track eval
            train.config    | model
            train.optim     | train.config kernel model quant safetensors
            train.worker    | train.config collective eval kernel model
            train.rows      | train.config text
            train.objective | train.config train.worker train.rows eval kernel model text report track
            train           | train.config train.optim train.worker train.rows train.objective kernel adapter model \
            safetensors collective track eval
            spark.storage   | text
            spark.cluster   | spark.storage collective train train.worker track
            spark           | spark.storage spark.cluster text inference generate model
            spark.source    | spark.storage text
            spark.limit     |
            spark.reading   | spark.storage spark.source spark.limit text
            spark.preparing | train.rows spark spark.storage spark.cluster spark.source spark.reading text
            spark.table     | spark.storage spark.cluster spark.source spark.reading spark.preparing text
            recipe      | spark.storage spark.cluster spark.preparing kernel quant adapter model safetensors \
            generate inference text train.config train.objective eval
            plan        | recipe spark.cluster kernel quant adapter model track train.config train.optim train.worker \
            train.rows text
            run.output  | recipe plan spark.storage spark.cluster spark.source spark.preparing quant adapter \
            model report text track train train.config train.objective eval generate
            run         | recipe plan run.output spark.storage spark.cluster spark.preparing spark.table kernel \
            quant adapter model safetensors generate report text track train train.config train.objective train.worker \
            train.rows eval collective spark.source
            run.preview | recipe plan run run.output spark.storage spark.cluster spark.preparing text train.objective
            run.draft   | recipe plan run spark.storage spark.preparing spark.reading model text
            ml          | recipe run run.output model spark spark.storage spark.cluster spark.table generate text \
            track \
            train.config
            jobs        | all
            bench       | all
            """;

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @ParameterizedTest
    @CsvSource(textBlock = TABLE, delimiter = '|', emptyValue = "")
    void importsOnlyItsRow(String name, String allowed) {
        noClasses()
                .that(resideInAPackage(inside(name)))
                .should()
                .dependOnClassesThat(
                        resideInAPackage(ROOT + "..").and(not(resideInAnyPackage(insideAll(name + " " + allowed)))))
                .check(CLASSES);
    }

    @Test
    void everyPackageHasItsRow() {
        String[] rows = names().map(ImportTableTest::inside).toArray(String[]::new);
        classes().should().resideInAnyPackage(rows).check(CLASSES);
    }

    @Test
    void packagesFormNoCycles() {
        slices().assignedFrom(new Assignment("packages", ImportTableTest::row))
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    /** Files, in the packages above engine and text; there an interpreter's values and operations know each other. */
    @Test
    void filesFormNoCycles() {
        slices().assignedFrom(new Assignment(
                        "files",
                        type -> isIn(type, "train", "spark", "recipe", "plan", "run", "ml", "jobs")
                                ? Optional.of(file(type))
                                : Optional.empty()))
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void familiesDoNotKnowEachOther() {
        slices().matching(ROOT + ".model.(*)..").should().notDependOnEachOther().check(CLASSES);
    }

    @Test
    void noPackageIsALumberRoom() {
        noClasses()
                .should()
                .resideInAnyPackage("..impl..", "..util..", "..common..", "..core..", "..base..")
                .check(CLASSES);
    }

    @Test
    void onlyKernelTouchesNativeCalls() {
        noClasses()
                .that()
                .resideOutsideOfPackage(inside("kernel"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl.pytorch.jni..")
                .check(CLASSES);
    }

    private static boolean isIn(JavaClass type, String... packages) {
        return Stream.of(packages).anyMatch(name -> (type.getPackageName() + ".").startsWith(ROOT + "." + name + "."));
    }

    /** The outermost class. */
    private static String file(JavaClass type) {
        return type.getEnclosingClass().map(ImportTableTest::file).orElse(type.getName());
    }

    /** The row of a class: of those that fit the longest. */
    private static Optional<String> row(JavaClass type) {
        return names().filter(name -> isIn(type, name)).max(Comparator.comparingInt(String::length));
    }

    private static Stream<String> names() {
        return TABLE.lines().map(row -> row.substring(0, row.indexOf('|')).strip());
    }

    /** Classes in groups. */
    private record Assignment(String description, Function<JavaClass, Optional<String>> group)
            implements SliceAssignment {
        @Override
        public String getDescription() {
            return description;
        }

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return group.apply(type).map(SliceIdentifier::of).orElse(SliceIdentifier.ignore());
        }
    }

    private static String[] insideAll(String names) {
        return Stream.of(("check storage " + names).strip().split(" +"))
                .map(ImportTableTest::inside)
                .toArray(String[]::new);
    }

    private static String inside(String name) {
        boolean hasRooms = names().anyMatch(other -> other.startsWith(name + "."));
        return name.equals("all") ? ROOT + ".." : ROOT + "." + name + (hasRooms ? "" : "..");
    }
}
