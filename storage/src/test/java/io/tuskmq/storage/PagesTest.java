package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.vertx.core.Future;
import org.junit.jupiter.api.Test;

final class PagesTest {
    private final IllegalStateException thrown = new IllegalStateException("thrown");

    @Test
    void goesOnUntilItIsOver() {
        assertEquals(
                7,
                Pages.run(0, at -> at == 7, at -> Future.succeededFuture(at + 1))
                        .result());
    }

    @Test
    void whatAPageThrowsEndsIt() {
        Future<Integer> run = Pages.run(0, at -> false, at -> {
            if (at == 3) {
                throw thrown;
            }
            return Future.succeededFuture(at + 1);
        });
        assertSame(thrown, run.cause());
    }

    @Test
    void whatTheEndsTestThrowsEndsIt() {
        Future<Integer> run = Pages.run(
                0,
                at -> {
                    throw thrown;
                },
                Future::succeededFuture);
        assertSame(thrown, run.cause());
    }
}
