package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.ClientIds.Answer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that want one client id: the client ids of each are real, all that travels (to the map and back, from node to node and back) waits until it is chosen.
 * What a node does with its connections is {@code Directory}'s rule for users who have proved their names, in short.
 */
final class IdRaceWorld {
    static final String ID = "phone";

    private record Entry(long number, long node) {}

    private final Vertx vertx;
    private final Map<Long, Place> nodes = new TreeMap<>();
    private final List<Runnable> travelling = new ArrayList<>();
    private @Nullable Entry entry;
    private long numbers;

    IdRaceWorld(Vertx vertx, int count) {
        this.vertx = vertx;
        for (long node = 1; node <= count; node++) {
            nodes.put(node, new Place(node));
        }
        nodes.forEach((id, node) -> {
            Set<Long> others = new HashSet<>(nodes.keySet());
            others.remove(id);
            node.ids.heartbeat(others);
        });
    }

    Place node(long id) {
        return Objects.requireNonNull(nodes.get(id));
    }

    /** Lets one after the other arrive, as it is chosen among those that travel, until nothing does. */
    void run(IntUnaryOperator choice) {
        while (!travelling.isEmpty()) {
            travelling.remove(choice.applyAsInt(travelling.size())).run();
        }
    }

    /** Who is connected, as {@code node:principal}. */
    List<String> connected() {
        return nodes.values().stream()
                .filter(node -> node.here != null)
                .map(node -> node.id + ":" + node.here.claimant.principal())
                .toList();
    }

    /** Where the map finds the id; 0: nowhere. */
    long mapped() {
        return entry == null ? 0 : entry.node;
    }

    private <T> Future<T> there(Supplier<T> step) {
        Promise<T> back = Promise.promise();
        travelling.add(() -> {
            T answer = step.get();
            travelling.add(() -> back.complete(answer));
        });
        return back.future();
    }

    /** A connection. */
    private static final class Phone {
        final Claimant claimant;
        final Promise<Long> place = Promise.promise();
        final Promise<Void> decided = Promise.promise();
        long number = Long.MAX_VALUE;
        long newest = Long.MIN_VALUE;

        Phone(Claimant claimant) {
            this.claimant = claimant;
        }

        boolean yieldsTo(Claimant newer) {
            return claimant.principal().equals(newer.principal());
        }
    }

    /** A node with one client id. */
    final class Place {
        private final long id;
        private final ClusterClientIds ids;
        private @Nullable Phone coming;
        private @Nullable Phone here;

        private Place(long id) {
            this.id = id;
            ids = new ClusterClientIds(vertx, new Wires(this));
        }

        /** A client of this user connects. */
        void connect(String principal) {
            travelling.add(() -> {
                Phone phone = new Phone(new Claimant(ID, principal));
                if (here != null && !here.yieldsTo(phone.claimant)) {
                    return;
                }
                coming = phone;
                Phone older = here;
                ids.take(phone.claimant, phone.place::tryComplete).onSuccess(taken -> open(phone, older, taken));
            });
        }

        /** The client that is connected here goes, now; the map hears of it some time. */
        void disconnect() {
            end(Objects.requireNonNull(here, "nobody is connected"));
        }

        private void open(Phone phone, @Nullable Phone older, ClientIds.Taken taken) {
            phone.number = taken.number();
            if (older != null) {
                end(older);
            }
            boolean accepted = taken.answer() == Answer.LET_GO && phone.number >= phone.newest;
            coming = null;
            if (accepted) {
                here = phone;
            } else {
                ids.leave(phone.claimant, phone.number);
            }
            phone.decided.complete();
        }

        private void end(Phone phone) {
            if (here == phone) {
                here = null;
                ids.leave(phone.claimant, phone.number);
            }
        }

        private Future<Answer> letGo(Claimant newer, long number) {
            Phone phone = coming;
            if (here != null && !here.yieldsTo(newer)) {
                return Future.succeededFuture(letGoOfHere(newer, number));
            }
            if (phone != null && !phone.yieldsTo(newer)) {
                return phone.place
                        .future()
                        .compose(mine -> mine < number ? phone.decided.future() : Future.succeededFuture())
                        .map(decided -> letGoOfHere(newer, number));
            }
            if (phone != null && phone.yieldsTo(newer)) {
                phone.newest = Math.max(phone.newest, number);
            }
            return Future.succeededFuture(letGoOfHere(newer, number));
        }

        private Answer letGoOfHere(Claimant newer, long number) {
            Phone phone = here;
            if (phone == null) {
                return Answer.LET_GO;
            }
            if (!phone.yieldsTo(newer)) {
                ids.keep(phone.claimant, number, phone.number);
                return Answer.ANOTHERS;
            }
            if (phone.number >= number) {
                return Answer.NEWER;
            }
            end(phone);
            return Answer.LET_GO;
        }

        private Future<Buffer> asked(Buffer body) {
            if (Frames.asked(body) instanceof Frames.LetGo(var newer, long number, var word)) {
                return letGo(newer, number)
                        .compose(answer -> ids.answer(newer.clientId(), answer))
                        .map(Frames::letGoAnswer);
            }
            throw new IllegalArgumentException("nothing else is asked here");
        }
    }

    /** A node's way to the map and to the others. */
    private final class Wires implements Cluster {
        private final Place node;

        Wires(Place node) {
            this.node = node;
        }

        @Override
        public Future<Cluster.Taken> takeClientId(String clientId) {
            return there(() -> {
                Entry before = entry;
                entry = new Entry(++numbers, node.id);
                OptionalLong at =
                        before == null || before.node == node.id ? OptionalLong.empty() : OptionalLong.of(before.node);
                return new Cluster.Taken(numbers, at, OptionalLong.empty(), true);
            });
        }

        @Override
        public void leaveClientId(String clientId, long number) {
            travelling.add(() -> {
                if (entry != null && entry.number == number) {
                    entry = null;
                }
            });
        }

        @Override
        public void keepClientId(String clientId, long taken, long number) {
            travelling.add(() -> {
                if (entry != null && entry.number == taken) {
                    entry = new Entry(number, node.id);
                }
            });
        }

        @Override
        public Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis) {
            Promise<Buffer> back = Promise.promise();
            travelling.add(() ->
                    node(incarnation).asked(body).onComplete(answer -> travelling.add(() -> back.handle(answer))));
            return back.future();
        }

        @Override
        public Future<Addresses> open(Listener listener) {
            return Future.failedFuture("client ids only");
        }

        @Override
        public Future<Void> join(Peer self, byte[] secret, Collection<Node> nodes) {
            return Future.failedFuture("client ids only");
        }

        @Override
        public void nodes(Collection<Node> nodes) {
            // client ids only
        }

        @Override
        public Set<Peer> missing() {
            return Set.of();
        }

        @Override
        public List<Peer> linked() {
            return List.of();
        }

        @Override
        public boolean tell(int slot, Buffer body) {
            return false;
        }

        @Override
        public void routeChanged(String filter, int flags) {
            // client ids only
        }

        @Override
        public Future<Void> routesApplied() {
            return Future.succeededFuture();
        }

        @Override
        public Future<Void> routesApplied(long incarnation) {
            return Future.succeededFuture();
        }

        @Override
        public Future<Long> coordinator(String group) {
            return Future.failedFuture("client ids only");
        }

        @Override
        public void leaveGroup(String group) {
            // client ids only
        }

        @Override
        public Future<Void> close() {
            return Future.succeededFuture();
        }
    }
}
