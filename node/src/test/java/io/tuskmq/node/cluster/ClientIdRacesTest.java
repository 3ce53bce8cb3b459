package io.tuskmq.node.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that come with one id to several nodes at once, in all orders in which what they send and ask can arrive. */
class ClientIdRacesTest {
    /** Of races with too many orders, as many are tried. */
    private static final int ORDERS_SOME = 3_000;

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void stop() {
        vertx.close().await();
    }

    /** All orders: at each place where something else could arrive next, it does in another run. */
    private int inAllOrders(int nodes, Consumer<IdRaceWorld> race, BiConsumer<IdRaceWorld, String> check) {
        List<Integer> next = new ArrayList<>();
        int runs = 0;
        do {
            List<Integer> taken = new ArrayList<>();
            List<Integer> widths = new ArrayList<>();
            List<Integer> forced = List.copyOf(next);
            IdRaceWorld world = begun(nodes, race);
            world.run(width -> {
                int choice = taken.size() < forced.size() ? forced.get(taken.size()) : 0;
                taken.add(choice);
                widths.add(width);
                return choice;
            });
            check.accept(world, "order " + taken);
            runs++;
            next = taken;
            while (!next.isEmpty() && next.getLast() + 1 == widths.get(next.size() - 1)) {
                next.removeLast();
            }
            if (!next.isEmpty()) {
                next.set(next.size() - 1, next.getLast() + 1);
            }
        } while (!next.isEmpty());
        return runs;
    }

    private void inSomeOrders(int nodes, Consumer<IdRaceWorld> race, BiConsumer<IdRaceWorld, String> check) {
        for (int seed = 0; seed < ORDERS_SOME; seed++) {
            Random random = new Random(seed);
            IdRaceWorld world = begun(nodes, race);
            world.run(random::nextInt);
            check.accept(world, "seed " + seed);
        }
    }

    private IdRaceWorld begun(int nodes, Consumer<IdRaceWorld> race) {
        IdRaceWorld world = new IdRaceWorld(vertx, nodes);
        race.accept(world);
        return world;
    }

    private static void aliceIsAtNode1(IdRaceWorld world) {
        world.node(1).connect("alice");
        world.run(width -> 0);
    }

    private static void aliceStays(IdRaceWorld world, String order) {
        assertEquals(List.of("1:alice"), world.connected(), order);
        assertEquals(1, world.mapped(), () -> "whom the next one will ask; " + order);
    }

    /** The second node asks the first one still while the third one finds the second in the map. */
    @Test
    void nobodyGetsInBesideAnotherUserByComingTwice() {
        int orders = inAllOrders(
                3,
                world -> {
                    aliceIsAtNode1(world);
                    world.node(2).connect("mallory");
                    world.node(3).connect("mallory");
                },
                ClientIdRacesTest::aliceStays);
        assertTrue(orders > 1_000, () -> "only " + orders);
    }

    @Test
    void norByComingWithAThirdUser() {
        inAllOrders(
                3,
                world -> {
                    aliceIsAtNode1(world);
                    world.node(2).connect("mallory");
                    world.node(3).connect("trudy");
                },
                ClientIdRacesTest::aliceStays);
    }

    @Test
    void norByComingToThreeMore() {
        inSomeOrders(
                4,
                world -> {
                    aliceIsAtNode1(world);
                    world.node(2).connect("mallory");
                    world.node(3).connect("trudy");
                    world.node(4).connect("mallory");
                },
                ClientIdRacesTest::aliceStays);
    }

    private static void oneIsServed(IdRaceWorld world, String order) {
        List<String> connected = world.connected();
        assertEquals(1, connected.size(), () -> connected + " in " + order);
        assertEquals(connected.getFirst(), world.mapped() + connected.getFirst().substring(1), order);
    }

    @Test
    void ofTwoUsersAtTwoNodesOneIsServed() {
        inAllOrders(
                2,
                world -> {
                    world.node(1).connect("alice");
                    world.node(2).connect("mallory");
                },
                ClientIdRacesTest::oneIsServed);
    }

    @Test
    void ofThreeUsersAtThreeNodesOneIsServed() {
        inSomeOrders(
                3,
                world -> {
                    world.node(1).connect("alice");
                    world.node(2).connect("mallory");
                    world.node(3).connect("trudy");
                },
                ClientIdRacesTest::oneIsServed);
    }

    /** I5: also of one user's own. */
    @Test
    void ofOneUsersConnectionsOneIsLeft() {
        inSomeOrders(
                3,
                world -> {
                    aliceIsAtNode1(world);
                    world.node(2).connect("alice");
                    world.node(3).connect("alice");
                    world.node(1).connect("alice");
                },
                ClientIdRacesTest::oneIsServed);
    }

    /** Two who come wait for each other otherwise: the one that asks the other has the lower number, and the higher one asks it. */
    @Test
    void whoComesBackDoesNotWaitForThoseWhoCameLater() {
        inSomeOrders(
                3,
                world -> {
                    aliceIsAtNode1(world);
                    world.node(1).disconnect();
                    world.node(1).connect("alice");
                    world.node(2).connect("mallory");
                    world.node(3).connect("mallory");
                },
                ClientIdRacesTest::oneIsServed);
    }
}
