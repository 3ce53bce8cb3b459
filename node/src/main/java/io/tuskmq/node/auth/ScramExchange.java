package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.storage.Access;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * The broker's side of one proof by SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding:
 *
 * <pre>
 *   client                                        broker
 *   n,,n=alice,r=c            ─▶ LookUp(alice)    the keys of alice, or made-up ones
 *   r=cs,s=salt,i=600000      ◀─ Ask
 *   c=biws,r=cs,p=proof       ─▶ Proved | Refused
 *   v=signature               ◀─
 * </pre>
 *
 * Pure: nonces and keys are brought. A name that nobody has goes the same way as any other to its end. Whatever comes out of turn ends it.
 */
final class ScramExchange {
    static final String METHOD = "SCRAM-SHA-256";
    private static final byte[] NONE = {};

    /** What happens. */
    sealed interface Event {
        /** The client begins; empty data when it waits for a first question, as SASL allows. */
        record Begun(byte[] data) implements Event {}

        /** What the database says of the name, and the broker's part of the nonce. */
        record Found(Access.Scram found, String nonce) implements Event {}

        /** The client answers. */
        record Continued(byte[] data) implements Event {}
    }

    /** What is to be done. */
    sealed interface Step {
        record LookUp(String name) implements Step {}

        record Ask(byte[] data) implements Step {}

        /**
         * The client is the user.
         *
         * @param stamp of the password that it proved
         * @param data proves to the client that the broker knows its keys
         */
        record Proved(String name, long stamp, byte[] data) implements Step {}

        record Refused(int reason, String why) implements Step {}
    }

    private sealed interface Stage {
        record New() implements Stage {}

        record Waiting() implements Stage {}

        record Looking(ScramMessage.First first) implements Stage {}

        record Asked(ScramMessage.First first, Challenge challenge) implements Stage {}

        record Over() implements Stage {}
    }

    private record Challenge(String nonce, String text, Access.ScramKeys keys, Optional<Access.ScramUser> user) {}

    private Stage stage = new Stage.New();

    Step on(Event event) {
        Stage before = stage;
        stage = new Stage.Over();
        try {
            return switch (event) {
                case Event.Begun(byte[] data)
                when before instanceof Stage.New -> data.length == 0 ? invite() : first(data);
                case Event.Continued(byte[] data) when before instanceof Stage.Waiting -> first(data);
                case Event.Found(Access.Scram found, String nonce)
                when before instanceof Stage.Looking(var first) -> ask(first, found, nonce);
                case Event.Continued(byte[] data)
                when before instanceof Stage.Asked(var first, var challenge) ->
                    judge(first, challenge, ScramMessage.last(data));
                case Event.Begun ignored -> outOfTurn();
                case Event.Found ignored -> outOfTurn();
                case Event.Continued ignored -> outOfTurn();
            };
        } catch (ScramMessage.BadScram e) {
            return refused(e.why());
        }
    }

    private Step invite() {
        stage = new Stage.Waiting();
        return new Step.Ask(NONE);
    }

    private Step first(byte[] data) throws ScramMessage.BadScram {
        ScramMessage.First first = ScramMessage.first(data);
        stage = new Stage.Looking(first);
        return new Step.LookUp(first.name());
    }

    private Step ask(ScramMessage.First first, Access.Scram found, String nonce) {
        // Made in any case, so that the time doesn't tell.
        Access.ScramKeys madeUp = ScramSha256.madeUp(found.secret(), first.name());
        Access.ScramKeys keys = found.user().map(Access.ScramUser::keys).orElse(madeUp);
        String whole = first.nonce() + nonce;
        String text = "r=" + whole + ",s=" + base64(keys.salt()) + ",i=" + keys.iterations();
        stage = new Stage.Asked(first, new Challenge(whole, text, keys, found.user()));
        return new Step.Ask(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Step judge(ScramMessage.First first, Challenge challenge, ScramMessage.Last last) {
        if (!last.header().equals(first.header())) {
            return refused("another channel binding than before");
        }
        if (!last.nonce().equals(challenge.nonce())) {
            return refused("another nonce");
        }
        String authMessage = first.bare() + "," + challenge.text() + "," + last.withoutProof();
        boolean right = ScramSha256.isProof(last.proof(), challenge.keys(), authMessage);
        if (!right || challenge.user().isEmpty()) {
            return refused("unknown user, or wrong password");
        }
        String signature = base64(ScramSha256.hmac(challenge.keys().serverKey(), authMessage));
        return new Step.Proved(
                first.name(), challenge.user().get().stamp(), ("v=" + signature).getBytes(StandardCharsets.UTF_8));
    }

    private static Step refused(String why) {
        return new Step.Refused(ReasonCodes.NOT_AUTHORIZED, why);
    }

    private static Step outOfTurn() {
        return new Step.Refused(ReasonCodes.PROTOCOL_ERROR, "out of turn");
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
