package io.tuskmq.node.process.cluster;

import io.tuskmq.node.process.CrashLedger;
import io.tuskmq.node.process.CrashLedger.Stream;
import io.tuskmq.node.process.RawMqtt.Received;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** Which members of a group took which message of a load: each must have been taken, by one of them. */
final class GroupLedger {
    private record Key(Stream stream, int number) {}

    private final Map<Key, List<String>> taken = new ConcurrentHashMap<>();

    void taken(String member, Received message) {
        Key key = new Key(Stream.of(message.topic()), Integer.parseInt(message.payload()));
        taken.computeIfAbsent(key, k -> new CopyOnWriteArrayList<>()).add(member);
    }

    int distinct() {
        return taken.size();
    }

    Set<String> members() {
        return taken.values().stream().flatMap(List::stream).collect(Collectors.toSet());
    }

    /** Acknowledged and not taken by anyone. */
    List<String> lost(List<Stream> streams, CrashLedger acknowledged) {
        List<String> lost = new ArrayList<>();
        for (Stream stream : streams) {
            for (int number = 0; number < acknowledged.acknowledged(stream); number++) {
                if (!taken.containsKey(new Key(stream, number))) {
                    lost.add(stream + " number " + number);
                }
            }
        }
        return lost;
    }

    /** Taken more than once: by two members, or twice by one. */
    List<String> doubled(int qos) {
        return taken.entrySet().stream()
                .filter(e -> e.getKey().stream().qos() == qos && e.getValue().size() > 1)
                .map(e -> e.getKey() + " by " + e.getValue())
                .toList();
    }
}
