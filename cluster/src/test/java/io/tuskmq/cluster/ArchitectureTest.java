package io.tuskmq.cluster;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.tuskmq.cluster");

    /** Locks and concurrent maps are allowed: the route tree is read by all event loops. Threads and executors are not. */
    @Test
    void rulesArePure() {
        classes()
                .that()
                .resideInAPackage("io.tuskmq.cluster.rules")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.tuskmq.cluster.rules",
                        "java.lang..",
                        "java.util",
                        "java.util.function..",
                        "java.util.stream..",
                        "java.util.concurrent..",
                        "org.jspecify.annotations..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.tuskmq.cluster.rules")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(java.util.concurrent.Executor.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(CLASSES);
    }

    @Test
    void clusterDoesNotKnowStorageOrNode() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.tuskmq.storage..", "io.tuskmq.node..", "io.tuskmq.migrations..", "io.vertx.sqlclient..")
                .check(CLASSES);
    }
}
