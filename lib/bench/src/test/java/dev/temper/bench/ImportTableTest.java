package dev.temper.bench;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
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
            train       | kernel quant adapter model safetensors generate collective track text eval
            spark       | text inference generate adapter model train collective track eval
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
        String[] rows = TABLE.lines()
                .map(row -> inside(row.substring(0, row.indexOf('|')).strip()))
                .toArray(String[]::new);
        classes().should().resideInAnyPackage(rows).check(CLASSES);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
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

    private static String[] insideAll(String names) {
        return Stream.of(("check storage " + names).strip().split(" +"))
                .map(ImportTableTest::inside)
                .toArray(String[]::new);
    }

    private static String inside(String name) {
        return name.equals("all") ? ROOT + ".." : ROOT + "." + name + "..";
    }
}
