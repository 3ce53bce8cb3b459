package io.tuskmq.node;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The drawing of the house (docs/design.md, section 5), checked. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.tuskmq.node");

    /** No socket, database, clock, thread or log: time comes inside the event. */
    @Test
    void rulesArePure() {
        classes()
                .that()
                .resideInAPackage("io.tuskmq.node.rules")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.tuskmq.node.rules",
                        "io.tuskmq.storage",
                        "io.tuskmq.storage.rules",
                        "io.tuskmq.cluster.rules",
                        "java.lang..",
                        "java.nio",
                        "java.nio.charset",
                        "java.util",
                        "java.util.function..",
                        "java.util.stream..",
                        "org.jspecify.annotations..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.tuskmq.node.rules")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(CLASSES);
    }

    @Test
    void onlyTheEdgeKnowsTheBytesOfMqtt() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.tuskmq.node.mqtt")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx.mqtt..", "io.netty.handler.codec..", "io.netty.buffer..")
                .check(CLASSES);
    }

    @Test
    void sessionsDoNotKnowTheEdgeOrTheStoresImplementation() {
        noClasses()
                .that()
                .resideInAPackage("io.tuskmq.node.session")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.tuskmq.node.mqtt", "io.tuskmq.node.http", "io.vertx.sqlclient..", "io.vertx.pgclient..")
                .orShould()
                .dependOnClassesThat()
                .haveSimpleNameStartingWith("Pg")
                .check(CLASSES);
    }
}
