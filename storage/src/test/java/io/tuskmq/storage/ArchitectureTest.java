package io.tuskmq.storage;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses MODULE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.tuskmq.storage");

    /** What rules may know: plain values of the JDK, each other, and the two values of the port that they decide about. */
    private static final DescribedPredicate<JavaClass> PURE = resideInAPackage("java.lang..")
            .or(resideInAPackage("java.util"))
            .or(resideInAPackage("java.util.function"))
            .or(resideInAPackage("java.util.stream"))
            .or(resideInAPackage("org.jspecify.."))
            .or(resideInAPackage("io.tuskmq.storage.rules"))
            .or(DescribedPredicate.describe(
                    "Append or Message",
                    c -> c.getName().startsWith(Append.class.getName())
                            || c.getName().equals(Message.class.getName())))
            .or(DescribedPredicate.describe("primitive or array", c -> c.isPrimitive() || c.isArray()));

    @Test
    void rulesArePure() {
        classes()
                .that()
                .resideInAPackage("io.tuskmq.storage.rules")
                .should()
                .onlyDependOnClassesThat(PURE)
                .check(MODULE);
        noClasses()
                .that()
                .resideInAPackage("io.tuskmq.storage.rules")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(MODULE);
    }

    @Test
    void storageKnowsNeitherTheClusterNorTheNode() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.tuskmq.cluster..", "io.tuskmq.node..", "com.hazelcast..")
                .check(MODULE);
    }

    @Test
    void onlyPgClassesKnowTheDriver() {
        noClasses()
                .that()
                .haveSimpleNameNotStartingWith("Pg")
                .and(DescribedPredicate.describe(
                        "are none of the driver's wrappers",
                        c -> !c.getName().matches(".*\\.(Sql|AppendCall|Rows|Rounds)(\\$.*)?")))
                .and()
                .areTopLevelClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx.sqlclient..", "io.vertx.pgclient..")
                .check(MODULE);
    }
}
