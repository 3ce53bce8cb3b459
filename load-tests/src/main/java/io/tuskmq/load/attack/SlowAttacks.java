package io.tuskmq.load.attack;

import io.tuskmq.load.attack.Attack.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Clients that take their time: to say who they are, to read, to end what they began. */
final class SlowAttacks {
    private static final long MEGABYTE = 1L << 20;
    /** The default of mqtt.connect-timeout-seconds, and time for a busy machine. */
    private static final int CONNECT_MILLIS_MAX = 25_000;

    private static final int FLOOD_WINDOW = 50;
    private static final int FLOOD_MESSAGES = 4_000;

    private SlowAttacks() {}

    static List<Attack> all() {
        return List.of(
                new Attack(
                        "half_open_connects",
                        "10,000 connections send half a CONNECT: all are closed at mqtt.connect-timeout-seconds, unanswered",
                        160 * MEGABYTE,
                        SlowAttacks::halfOpen),
                new Attack(
                        "one_byte_a_second",
                        "500 CONNECTs and 200 PUBLISHes of one byte a second: closed at the CONNECT's deadline, and at one and a half times the keep-alive",
                        64 * MEGABYTE,
                        SlowAttacks::trickle),
                new Attack(
                        "subscribers_that_never_read",
                        "40 subscribers never read while they are flooded: those of QoS 1 are closed when 4 MiB wait for them, those of QoS 0 miss messages",
                        320 * MEGABYTE,
                        SlowAttacks::neverRead),
                new Attack(
                        "keep_alive_abuse",
                        "1,000 clients promise a packet each second and send none: closed after 1.5 s; 10 flood PINGREQ: each is answered",
                        64 * MEGABYTE,
                        SlowAttacks::keepAlive),
                new Attack(
                        "websocket_fragments",
                        "20 WebSockets send fragments without end: closed by the keep-alive; 20 begin a packet of 256 MB in fragments: closed at once",
                        64 * MEGABYTE,
                        SlowAttacks::fragments));
    }

    private static Outcome halfOpen(Field field) throws Exception {
        int clients = field.scaled(10_000);
        byte[] half = Arrays.copyOf(Bytes.connect(4, "half", 60), 9);
        List<Boolean> closed = Field.together(clients, number -> {
            try (Attacker attacker = Attacker.open(field.port())) {
                attacker.send(half);
                return attacker.isClosedWithin(CONNECT_MILLIS_MAX);
            }
        });
        return new Outcome().expect("closed", clients, Field.count(closed));
    }

    private static boolean trickles(Attacker attacker, byte[] bytes) throws IOException {
        for (byte one : bytes) {
            if (!attacker.sends(new byte[] {one}) || attacker.isClosedWithin(1_000)) {
                return true;
            }
        }
        return false;
    }

    private static Outcome trickle(Field field) throws Exception {
        int connects = field.scaled(500);
        int publishers = field.scaled(200);
        byte[] connect = Bytes.connect(4, "a-client-identifier-of-forty-bytes-in-all", 60);
        byte[] publish = Bytes.publish(4, 0, 0, "a/topic", new byte[100]);
        List<Boolean> closed = Field.together(connects + publishers, number -> {
            if (number < connects) {
                try (Attacker attacker = Attacker.open(field.port())) {
                    return trickles(attacker, connect);
                }
            }
            try (Attacker attacker = Attacker.client(field.port(), Bytes.connect(4, "trickle-" + number, 4))) {
                return trickles(attacker, publish);
            }
        });
        return new Outcome()
                .expect("connects_closed", connects, Field.count(closed.subList(0, connects)))
                .expect("publishers_closed", publishers, Field.count(closed.subList(connects, closed.size())));
    }

    private static Outcome neverRead(Field field) throws Exception {
        int each = field.scaled(20);
        List<Attacker> subscribers = Field.together(2 * each, number -> {
            Attacker one = Attacker.open(field.port(), 4_096);
            one.send(Bytes.connect(5, "never-reads-" + number, 0));
            one.read();
            one.send(Bytes.subscribe(5, 1, number < each ? 1 : 0, "flood/#"));
            one.read();
            return one;
        });
        long cutBefore = field.metric("tuskmq_connections_ended_total");
        List<Long> sent = Field.together(4, number -> flood(field, number));
        long ended = field.awaitMetric("tuskmq_connections_ended_total", cutBefore + each + 4, 20) - cutBefore - 4;
        return new Outcome()
                .count("messages", Field.sum(sent))
                .expect("qos1_closed", each, 2L * each, ended)
                .count("messages_dropped", field.metric("tuskmq_messages_dropped_total"))
                .holds(subscribers);
    }

    /** More than a window and a queue hold; returns how many. */
    private static long flood(Field field, int number) throws IOException {
        ByteArrayOutputStream window = new ByteArrayOutputStream();
        for (int i = 1; i <= FLOOD_WINDOW; i++) {
            window.writeBytes(Bytes.publish(4, 2, i, "flood/all", new byte[1_000]));
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        long count = 0;
        try (Attacker publisher = Attacker.client(field.port(), Bytes.connect(4, "floods-" + number, 60))) {
            while (count < FLOOD_MESSAGES && System.nanoTime() < end) {
                publisher.send(window.toByteArray());
                for (int i = 0; i < FLOOD_WINDOW; i++) {
                    publisher.read();
                    count++;
                }
            }
        }
        return count;
    }

    private static Outcome keepAlive(Field field) throws Exception {
        int silent = field.scaled(1_000);
        int pinging = 10;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(8);
        List<Long> results = Field.together(silent + pinging, number -> {
            int keepAlive = number < silent ? 1 : 60;
            try (Attacker one = Attacker.client(field.port(), Bytes.connect(4, "keep-" + number, keepAlive))) {
                if (number < silent) {
                    return one.isClosedWithin(15_000) ? 1L : 0L;
                }
                long answered = 0;
                byte[] hundred = new byte[200];
                for (int i = 0; i < hundred.length; i += 2) {
                    hundred[i] = Bytes.PINGREQ[0];
                }
                while (System.nanoTime() < end) {
                    one.send(hundred);
                    for (int i = 0; i < 100; i++) {
                        Attacker.Packet answer = one.read();
                        if (answer == null || answer.type() != Bytes.PINGRESP) {
                            throw new IOException("no PINGRESP but " + answer);
                        }
                        answered++;
                    }
                }
                return answered;
            }
        });
        return new Outcome()
                .expect("silent_closed", silent, Field.sum(results.subList(0, silent)))
                .expect("pings_answered", 1, Long.MAX_VALUE, Field.sum(results.subList(silent, results.size())));
    }

    private static Outcome fragments(Field field) throws Exception {
        int each = field.scaled(20);
        byte[] go = Bytes.frame(0, false, new byte[0]);
        byte[] huge = Bytes.frame(2, false, new byte[] {0x30, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x7F});
        List<Boolean> closed = Field.together(2 * each, number -> {
            try (Attacker web = Attacker.webSocket(field.webSocketPort())) {
                web.send(Bytes.frame(2, true, Bytes.connect(4, "web-" + number, 3)));
                web.send(number < each ? Bytes.frame(2, false, new byte[] {0x30, 0x7F}) : huge);
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (System.nanoTime() < end) {
                    for (int i = 0; i < 100; i++) {
                        if (!web.sends(go)) {
                            return true;
                        }
                    }
                    if (web.isClosedWithin(5)) {
                        return true;
                    }
                }
                return false;
            }
        });
        return new Outcome()
                .expect("endless_closed", each, Field.count(closed.subList(0, each)))
                .expect("huge_closed", each, Field.count(closed.subList(each, closed.size())));
    }
}
