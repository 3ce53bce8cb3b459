package io.tuskmq.load.attack;

import io.tuskmq.load.attack.Attack.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;

/** Topics and filters that are made to cost much. */
final class ShapeAttacks {
    private static final long MEGABYTE = 1L << 20;
    /** The default of limits.subscriptions. */
    private static final int SUBSCRIPTIONS_MAX = 10_000;

    private static final int IN_ONE_PACKET = 100;

    private ShapeAttacks() {}

    static List<Attack> all() {
        return List.of(
                new Attack(
                        "subscriptions_of_one_client",
                        "one client makes 10,100 subscriptions: the last 100 are refused with 0x97",
                        64 * MEGABYTE,
                        ShapeAttacks::subscriptions),
                new Attack(
                        "overlapping_wildcards",
                        "one client has 1,000 filters that match one topic: each of 2,000 messages comes at least once",
                        96 * MEGABYTE,
                        ShapeAttacks::overlaps),
                new Attack(
                        "topics_of_200_levels",
                        "PUBLISH is answered 0x90, SUBSCRIBE 0x8F; MQTT 3 is closed",
                        32 * MEGABYTE,
                        ShapeAttacks::levels));
    }

    private static Attacker.Packet read(Attacker one) throws IOException {
        return Objects.requireNonNull(one.read(), "the broker has closed");
    }

    private static Outcome subscriptions(Field field) throws Exception {
        long granted = 0;
        long refused = 0;
        Attacker one = Attacker.client(field.port(), Bytes.connect(5, "many", 60));
        for (int from = 0; from < SUBSCRIPTIONS_MAX + IN_ONE_PACKET; from += IN_ONE_PACKET) {
            String[] filters = new String[IN_ONE_PACKET];
            for (int i = 0; i < IN_ONE_PACKET; i++) {
                filters[i] = "many/" + (from + i) + "/+";
            }
            one.send(Bytes.subscribe(5, 1 + from, 1, filters));
            Attacker.Packet subAck = read(one);
            for (int i = 3; i < subAck.body().length; i++) {
                if (subAck.at(i) <= 2) {
                    granted++;
                } else if (subAck.at(i) == Bytes.QUOTA_EXCEEDED) {
                    refused++;
                }
            }
        }
        return new Outcome()
                .expect("granted", SUBSCRIPTIONS_MAX, granted)
                .expect("refused", IN_ONE_PACKET, refused)
                .holds(List.of(one));
    }

    /** Of ten levels each is itself or +: all match the one topic. */
    private static String overlap(int number) {
        StringJoiner filter = new StringJoiner("/");
        for (int level = 0; level < 10; level++) {
            filter.add((number >> level & 1) == 1 ? "+" : "l" + level);
        }
        return filter.toString();
    }

    private static Outcome overlaps(Field field) throws Exception {
        int filters = 1_000;
        int messages = field.scaled(2_000);
        Attacker reader = Attacker.client(field.port(), Bytes.connect(4, "overlaps", 60));
        for (int from = 0; from < filters; from += IN_ONE_PACKET) {
            String[] some = new String[IN_ONE_PACKET];
            for (int i = 0; i < IN_ONE_PACKET; i++) {
                some[i] = overlap(from + i);
            }
            reader.send(Bytes.subscribe(4, 1 + from, 0, some));
            read(reader);
        }
        try (Attacker publisher = Attacker.client(field.port(), Bytes.connect(4, "to-overlaps", 60))) {
            for (int i = 0; i < messages; i++) {
                publisher.send(Bytes.publish(4, 2, 1, overlap(0), Bytes.number(i)));
                read(publisher);
            }
        }
        boolean[] seen = new boolean[messages];
        int distinct = 0;
        long copies = 0;
        while (distinct < messages) {
            Attacker.Packet packet = read(reader);
            if (packet.type() == Bytes.PUBLISH) {
                int number = packet.at(packet.body().length - 2) << 8 | packet.at(packet.body().length - 1);
                copies++;
                if (!seen[number]) {
                    seen[number] = true;
                    distinct++;
                }
            }
        }
        return new Outcome()
                .expect("messages", messages, distinct)
                .count("copies", copies)
                .holds(List.of(reader));
    }

    private static Outcome levels(Field field) throws Exception {
        String deep = "l/".repeat(199) + "l";
        int clients = field.scaled(100);
        int messages = 100;
        List<Long> refused = Field.together(clients, number -> {
            long no = 0;
            try (Attacker one = Attacker.client(field.port(), Bytes.connect(5, "deep-" + number, 60))) {
                for (int i = 1; i <= messages; i++) {
                    one.send(Bytes.publish(5, 2, i, deep, new byte[0]));
                    Attacker.Packet answer = read(one);
                    no += answer.body().length > 2 && answer.at(2) == Bytes.TOPIC_NAME_INVALID ? 1 : 0;
                }
                one.send(Bytes.subscribe(5, 1, 1, deep + "/#"));
                no += read(one).at(3) == Bytes.TOPIC_FILTER_INVALID ? 1 : 0;
            }
            return no;
        });
        List<Boolean> closed = new ArrayList<>();
        try (Attacker old = Attacker.client(field.port(), Bytes.connect(4, "deep3", 60))) {
            old.send(Bytes.publish(4, 2, 1, deep, new byte[0]));
            closed.add(old.isClosedWithin(5_000));
        }
        return new Outcome()
                .expect("refused", (long) clients * (messages + 1), Field.sum(refused))
                .expect("mqtt3_closed", 1, Field.count(closed));
    }
}
