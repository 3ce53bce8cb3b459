package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.Message;
import org.jspecify.annotations.Nullable;

/** A message of a client. Only its commit makes an acknowledgement (I1). */
final class ClientPublication extends Publication {
    private final SessionRunner runner;
    private final int packetId;

    /** @param packetId 0 with QoS 0 */
    ClientPublication(SessionRunner runner, int packetId, Message message, @Nullable Receipt receipt) {
        super(runner.broker().router().liveRoutes(), message, receipt, 0);
        this.runner = runner;
        this.packetId = packetId;
    }

    @Override
    void committed() {
        boolean matched = routes().length > 0;
        runner.shard().post(() -> {
            runner.answered();
            if (packetId != 0) {
                runner.on(new Event.Committed(packetId, message().qos(), matched));
            }
        });
    }

    @Override
    void refused() {
        runner.shard().post(() -> {
            runner.answered();
            runner.on(new Event.AppendRefused(packetId));
        });
    }
}
