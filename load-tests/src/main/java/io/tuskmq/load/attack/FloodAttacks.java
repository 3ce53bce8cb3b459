package io.tuskmq.load.attack;

import io.tuskmq.load.attack.Attack.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that make the broker keep things, or do things, over and over. */
final class FloodAttacks {
    /** The setting limits.retained-messages of the node that is attacked. */
    static final int RETAINED_MESSAGES_MAX = 5_000;

    private static final long MEGABYTE = 1L << 20;
    /** The default of mqtt.receive-maximum. */
    private static final int RECEIVE_MAXIMUM = 256;

    private FloodAttacks() {}

    static List<Attack> all() {
        return List.of(
                new Attack(
                        "retained_flood",
                        "4 clients retain a message on one new topic after the other: at limits.retained-messages they hear 0x97",
                        64 * MEGABYTE,
                        FloodAttacks::retained),
                new Attack(
                        "will_flood",
                        "2,000 clients with a will are cut off at once: each will is published once",
                        64 * MEGABYTE,
                        FloodAttacks::wills),
                new Attack(
                        "takeover_storm",
                        "one client id connects again and again from two places: each takes the other over, one is left",
                        64 * MEGABYTE,
                        FloodAttacks::takeovers),
                new Attack(
                        "qos2_never_completed",
                        "100 clients send QoS 2 without PUBREL: MQTT 5 is closed with 0x93 above mqtt.receive-maximum, MQTT 3 is not read",
                        96 * MEGABYTE,
                        FloodAttacks::qos2));
    }

    private static Outcome retained(Field field) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        AtomicLong kept = new AtomicLong();
        List<Long> refused = Field.together(4, number -> {
            long no = 0;
            try (Attacker one = Attacker.client(field.port(), Bytes.connect(5, "retains-" + number, 60))) {
                for (int i = 0; System.nanoTime() < end && no < 1_000; i++) {
                    one.send(Bytes.publish(5, 3, 1 + i % 60_000, "retained/" + number + "/" + i, new byte[100]));
                    Attacker.Packet answer = one.read();
                    if (answer == null || answer.type() != Bytes.PUBACK) {
                        throw new IOException("no PUBACK but " + answer);
                    }
                    if (answer.body().length > 2 && answer.at(2) == Bytes.QUOTA_EXCEEDED) {
                        no++;
                    } else {
                        kept.incrementAndGet();
                    }
                }
            }
            return no;
        });
        // The nodes look every half a second: so much may come meanwhile.
        long over = 20_000;
        return new Outcome()
                .expect("kept", RETAINED_MESSAGES_MAX, RETAINED_MESSAGES_MAX + over, kept.get())
                .expect("refused", 4_000, Field.sum(refused))
                .expect(
                        "retained",
                        RETAINED_MESSAGES_MAX,
                        RETAINED_MESSAGES_MAX + over,
                        field.metric("tuskmq_retained_messages"));
    }

    private static Outcome wills(Field field) throws Exception {
        int clients = field.scaled(2_000);
        long before = field.metric("tuskmq_wills_published_total");
        List<Attacker> all = Field.together(
                clients,
                number ->
                        Attacker.client(field.port(), Bytes.connect(4, "dies-" + number, 60, "wills/" + number % 10)));
        for (Attacker one : all) {
            one.abort();
        }
        long published = field.awaitMetric("tuskmq_wills_published_total", before + clients, 60) - before;
        return new Outcome().expect("published", clients, published);
    }

    private static Outcome takeovers(Field field) throws Exception {
        byte[] connect = Bytes.connect(5, "everywhere", 60);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        long before = field.metric("tuskmq_takeovers_total");
        List<Long> accepted = Field.together(2, number -> {
            long count = 0;
            Attacker last = null;
            while (System.nanoTime() < end) {
                Attacker next = Attacker.open(field.port());
                if (next.sends(connect) && next.read() != null) {
                    count++;
                }
                if (last != null) {
                    last.close();
                }
                last = next;
            }
            if (last != null) {
                last.close();
            }
            return count;
        });
        long standing = field.metric("tuskmq_connections");
        for (int i = 0; i < 100 && standing > 1; i++) {
            TimeUnit.MILLISECONDS.sleep(100);
            standing = field.metric("tuskmq_connections");
        }
        return new Outcome()
                .expect("connects", 1, Long.MAX_VALUE, Field.sum(accepted))
                .count("takeovers", field.metric("tuskmq_takeovers_total") - before)
                .expect("left_beside_the_canary", 0, standing - 1);
    }

    private static Outcome qos2(Field field) throws Exception {
        int each = field.scaled(50);
        List<Attacker> silent =
                Field.together(each, number -> Attacker.client(field.port(), Bytes.connect(4, "half3-" + number, 60)));
        List<Integer> answered = Field.together(each, number -> {
            Attacker one = silent.get(number);
            for (int i = 1; i <= 2 * RECEIVE_MAXIMUM; i++) {
                one.send(Bytes.publish(4, 4, i, "half", new byte[100]));
            }
            int pubRecs = 0;
            while (pubRecs < RECEIVE_MAXIMUM) {
                Attacker.Packet packet = one.read();
                if (packet == null || packet.type() != Bytes.PUBREC) {
                    break;
                }
                pubRecs++;
            }
            return pubRecs;
        });
        List<Boolean> closed = Field.together(each, number -> {
            try (Attacker one = Attacker.client(field.port(), Bytes.connect(5, "half5-" + number, 60))) {
                for (int i = 1; i <= RECEIVE_MAXIMUM + 1; i++) {
                    one.sends(Bytes.publish(5, 4, i, "half", new byte[100]));
                }
                Attacker.Packet last = one.read();
                for (Attacker.Packet next = last; next != null; next = one.read()) {
                    last = next;
                }
                return last != null && last.type() == Bytes.DISCONNECT && last.at(0) == Bytes.RECEIVE_MAXIMUM_EXCEEDED;
            }
        });
        return new Outcome()
                .expect(
                        "mqtt3_pubrecs",
                        (long) each * RECEIVE_MAXIMUM,
                        answered.stream().mapToLong(Integer::longValue).sum())
                .expect("mqtt5_closed_0x93", each, Field.count(closed))
                .holds(silent);
    }
}
