package io.tuskmq.node.auth;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A client's side of SCRAM-SHA-256, by a library that knows nothing of ours. */
public final class ScramProof {
    private final ScramClient client;

    public ScramProof(String user, String password) {
        client = ScramClient.builder()
                .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                .username(user)
                .password(password.toCharArray())
                .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                .build();
    }

    public byte[] first() {
        return client.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8);
    }

    public byte[] last(byte[] question) throws ScramException {
        client.serverFirstMessage(new String(question, StandardCharsets.UTF_8));
        return client.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Fails when the broker doesn't know the user's keys. */
    public void check(byte[] signature) throws ScramException {
        client.serverFinalMessage(new String(signature, StandardCharsets.UTF_8));
    }
}
