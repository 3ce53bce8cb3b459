package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.vertx.core.Context;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client's connection: what may come when, what goes out in which words, and how it ends. Lives on its event loop. */
final class MqttConnection implements Connection {
    private static final Logger LOG = LoggerFactory.getLogger(MqttConnection.class);

    private enum State {
        /** Nothing but a CONNECT may come. */
        NEW,
        /** The sessions decide on the CONNECT; reading is paused. */
        CONNECTING,
        /** The client is asked to go on with its authentication: nothing but AUTH or DISCONNECT may come. */
        AUTHENTICATING,
        OPEN,
        /** Nothing is read or sent any more; told, or about to be told, to the sessions. */
        CLOSED
    }

    private final Tap tap;
    private final ShardLoop loop;
    private final String remoteAddress;
    private State state = State.NEW;
    private int version;
    private boolean announced;
    private long newExpirySeconds = -1;
    private @Nullable Backlog backlog;
    private @Nullable ConnectPacket connect;
    private @Nullable IncomingPackets packets;
    private @Nullable AuthDialogue dialogue;

    private @Nullable EffectWriter effects;
    private @Nullable AnswerWriter answers;

    MqttConnection(Tap tap, ShardLoop loop, String remoteAddress) {
        this.tap = tap;
        this.loop = loop;
        this.remoteAddress = remoteAddress;
    }

    /** Comes with the pipeline. */
    void outbox(Outbox box) {
        backlog = new Backlog(this, tap, box, loop.limits);
        answers = new AnswerWriter(box, 0, 0);
    }

    private AnswerWriter answers() {
        return there(answers);
    }

    private Backlog backlog() {
        return there(backlog);
    }

    private static <T> T there(@Nullable T part) {
        return Objects.requireNonNull(part, "not yet");
    }

    Outbox outbox() {
        return backlog().outbox();
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    private boolean isUnanswered() {
        return state == State.CONNECTING || state == State.AUTHENTICATING;
    }

    boolean isOpen() {
        return state == State.OPEN;
    }

    // --- packets in

    /** Before the packet is complete: nobody waits for the end of what can't become a packet. */
    void checkFirstByte(int first) {
        if (state == State.NEW && first >> 4 != PacketType.CONNECT) {
            throw BadPacket.protocolError("first packet is not a CONNECT"); // [MQTT-3.1.0-1] [MQTT5-3.1.0-1]
        }
        if (state == State.AUTHENTICATING && first >> 4 != PacketType.AUTH && first >> 4 != PacketType.DISCONNECT) {
            throw BadPacket.protocolError("neither AUTH nor DISCONNECT before the CONNACK"); // [MQTT5-3.1.2-30]
        }
        if (!PacketType.hasFlags(first >> 4, first & 15)) {
            throw BadPacket.malformed("wrong flags in the fixed header"); // [MQTT-2.2.2-2] [MQTT5-2.1.3-1]
        }
    }

    /** One complete packet; its body is in the loop's reader. */
    void packet(int type, int flags) {
        if (state == State.NEW) {
            connect();
            return;
        }
        there(packets).packet(type, flags);
    }

    /** Our own fault, not the client's: what its session holds in memory can't be trusted any more. */
    void broken(Throwable fault) {
        loop.counters.ownFailures.increment();
        LOG.error("connection of {} ends after a failure in its session", remoteAddress, fault);
        close(ReasonCodes.IMPLEMENTATION_ERROR, "internal error");
    }

    private void connect() {
        ConnectReader reader = new ConnectReader(loop.reader, loop.limits, loop.handler.authenticationMethods());
        ConnectPacket packet;
        try {
            packet = reader.read(remoteAddress);
        } catch (BadPacket e) {
            answersIn(reader.version(), reader.maximumPacketSize());
            throw e;
        }
        answersIn(packet.version(), packet.maximumPacketSize());
        connect = packet.withoutPassword();
        Authentication begun = reader.authentication();
        dialogue = begun == null ? null : new AuthDialogue(this, loop, begun);
        packets = new IncomingPackets(this, loop, version == 5, dialogue);
        effects = new EffectWriter(this, answers(), new PublishWriter(packet, loop.limits), loop.counters);
        state = State.CONNECTING;
        announced = true;
        tap.pause(); // packets behind the CONNECT wait [MQTT-3.1.4-5]
        loop.handler.connect(this, packet);
    }

    private void answersIn(int clientVersion, long packetBytesMax) {
        version = clientVersion;
        answers = new AnswerWriter(outbox(), clientVersion, packetBytesMax);
    }

    /** For {@link AuthDialogue}. */
    void say(int reason, Authentication given) {
        if (answers().auth(reason, given)) {
            backlog().bound();
        } else {
            loop.counters.tooLargeForClient.increment();
            close(ReasonCodes.PACKET_TOO_LARGE, "AUTH is larger than the client takes");
        }
    }

    /** For {@link AuthDialogue}: the client's answer is waited for. */
    void listen() {
        if (state == State.CONNECTING) {
            state = State.AUTHENTICATING;
            tap.resume();
        }
    }

    /** For {@link AuthDialogue}: it is looked at. */
    void listenNoMore() {
        if (state == State.AUTHENTICATING) {
            state = State.CONNECTING;
            tap.pause();
        }
    }

    void event(Event event) {
        loop.handler.event(this, event);
    }

    void acknowledge(int type, int packetId, int reason) {
        bounded(answers().ack(type, packetId, reason));
    }

    @Override
    public List<X509Certificate> peerCertificates() {
        return tap.peerCertificates();
    }

    @Override
    public Optional<Authentication> authentication() {
        return Optional.ofNullable(dialogue).map(AuthDialogue::begun);
    }

    @Override
    public void ask(byte[] data) {
        there(dialogue).ask(data);
    }

    @Override
    public void authenticated(byte[] data) {
        there(dialogue).succeed(data);
    }

    @Override
    public void grant(ConnectPacket admitted) {
        connect = admitted;
        there(packets).grant(admitted.rights());
    }

    void ping() {
        loop.reader.expectEnd();
        bounded(answers().pingResp());
    }

    /** After an answer: what waits for the client stays bounded, and one that it can't be sent ends the connection, as it would wait. */
    private void bounded(boolean sent) {
        if (!sent) {
            loop.counters.tooLargeForClient.increment();
            end(ReasonCodes.PACKET_TOO_LARGE, "the answer is larger than the client takes", CloseCause.SERVER);
        }
        backlog().bound();
    }

    void disconnected(PacketTranslator.Disconnect packet) {
        ConnectPacket c = connect;
        if (packet.expirySeconds() > 0 && c != null && c.expirySeconds() == 0) {
            throw BadPacket.protocolError("session expiry raised from 0"); // 3.14.2.2.2
        }
        newExpirySeconds = packet.expirySeconds();
        finish(CloseCauses.ofDisconnect(packet.reason()));
        tap.closeGently();
    }

    // --- the sessions' side

    @Override
    public Context context() {
        return loop.context;
    }

    @Override
    public void accept(boolean sessionPresent, String assignedClientId, long expirySeconds) {
        assert loop.context.inThread();
        ConnectPacket c = connect;
        if (state != State.CONNECTING || c == null) {
            return; // the client left meanwhile: closed() was or will be called
        }
        int keepAlive = loop.limits.keepAliveSeconds(c);
        PacketWriter.Welcome welcome = new PacketWriter.Welcome(
                sessionPresent,
                assignedClientId,
                expirySeconds == c.expirySeconds() ? -1 : expirySeconds,
                keepAlive == c.keepAliveSeconds() ? -1 : keepAlive,
                dialogue == null ? null : dialogue.proof(),
                loop.limits);
        if (!answers().connAck(welcome)) {
            loop.counters.tooLargeForClient.increment();
            answers().refusal(ReasonCodes.PACKET_TOO_LARGE, "CONNACK is larger than the client takes");
            finish(CloseCause.NORMAL); // never accepted, so without a will
            tap.closeGently();
            return;
        }
        state = State.OPEN;
        tap.accepted(version, keepAlive);
        tap.resume();
    }

    @Override
    public void reject(int reason, String why) {
        assert loop.context.inThread();
        if (isUnanswered()) {
            answers().refusal(reason, why);
            finish(CloseCauses.of(reason));
            tap.closeGently();
        }
    }

    @Override
    public void send(Effect.ToClient packet) {
        assert loop.context.inThread();
        if (state == State.OPEN) {
            bounded(there(effects).write(packet));
        }
    }

    /** For {@link EffectWriter}: when the present event is dealt with. */
    void eventLater(Event event) {
        tap.later(() -> {
            if (state == State.OPEN) {
                event(event);
            }
        });
    }

    @Override
    public boolean isWritable() {
        return state == State.OPEN && outbox().isWritable();
    }

    @Override
    public void pauseReading() {
        tap.pause();
    }

    @Override
    public void resumeReading() {
        tap.resume();
    }

    @Override
    public void close(int reason, String why) {
        if (isUnanswered()) {
            reject(reason == 0 ? ReasonCodes.SERVER_UNAVAILABLE : reason, why);
        } else if (state != State.CLOSED) {
            end(reason, why, CloseCauses.of(reason));
        }
    }

    // --- the end

    private void end(int reason, String why, CloseCause cause) {
        if (state == State.OPEN && version == 5 && reason != ReasonCodes.SUCCESS) {
            // [MQTT5-4.13.1-1] say why before closing; MQTT 3 has no words for it [MQTT-4.8.0-1]
            answers().disconnect(reason, why);
        }
        finish(cause);
        tap.closeGently();
    }

    /** A packet broke the protocol: one line, a reason for the client if it can hear one, the end. */
    void bad(BadPacket fault) {
        if (state == State.CLOSED) {
            return;
        }
        loop.badBytes(remoteAddress, fault.why());
        if ((state == State.NEW || state == State.AUTHENTICATING) && answers().hasConnAckFor(fault.reason())) {
            answers().refusal(fault.reason(), fault.why());
        }
        end(fault.reason(), fault.why(), CloseCause.PROTOCOL_ERROR);
    }

    /** Nothing is read or sent any more; the sessions are told, once, when the present event is dealt with. */
    void finish(CloseCause cause) {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        if (announced) {
            OptionalLong expiry = newExpirySeconds < 0 ? OptionalLong.empty() : OptionalLong.of(newExpirySeconds);
            tap.later(() -> loop.handler.closed(this, cause, expiry));
        }
    }

    void connectDeadline() {
        if (state == State.NEW || (dialogue != null && !isOpen() && dialogue.deadline())) {
            deadline();
        }
    }

    void deadline() {
        if (state != State.CLOSED) {
            loop.badInput.line(remoteAddress, "no complete CONNECT in time");
            finish(CloseCause.IO);
            tap.closeNow();
        }
    }

    /** The socket failed, or something below MQTT (TLS, WebSocket) did. */
    void failed(Throwable cause) {
        if (state != State.CLOSED && !(cause instanceof IOException)) {
            loop.badBytes(remoteAddress, cause.getClass().getSimpleName());
        }
        finish(CloseCause.IO);
    }

    /** The channel's writability changed. */
    void writabilityChanged() {
        backlog().writabilityChanged();
    }

    /** For {@link Backlog}: the client does not read. */
    void cutOff(String why) {
        loop.counters.cutOff.increment();
        loop.badInput.line(remoteAddress, why);
        finish(CloseCause.SERVER);
        tap.closeNow();
    }

    /** For {@link Backlog}. */
    void tellWritable(boolean writable) {
        if (state == State.OPEN) {
            loop.handler.writable(this, writable);
        }
    }

    @Override
    public String toString() {
        ConnectPacket c = connect;
        return "MqttConnection[" + remoteAddress + (c == null ? "" : " client=" + c.clientId()) + " " + state + "]";
    }
}
