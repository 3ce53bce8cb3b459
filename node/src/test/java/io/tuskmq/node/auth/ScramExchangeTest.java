package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.auth.ScramExchange.Event;
import io.tuskmq.node.auth.ScramExchange.Step;
import io.tuskmq.storage.Access;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScramExchangeTest {
    private static final byte[] SECRET = new byte[32];
    private static final byte[] SALT = Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ==");
    private static final Access.ScramKeys PENCIL = ScramSha256.keys("pencil", SALT, 4_096);
    private static final String NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private static final String CLIENT_FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private static final String CLIENT_LAST =
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    private final ScramExchange exchange = new ScramExchange();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Access.Scram found(Access.ScramKeys keys) {
        return new Access.Scram(SECRET, Optional.of(new Access.ScramUser(keys, 7)));
    }

    private static Access.Scram nobody() {
        return new Access.Scram(SECRET, Optional.empty());
    }

    private static Step begun(ScramExchange exchange, String first) {
        return exchange.on(new Event.Begun(bytes(first)));
    }

    private static int refused(Step step) {
        return assertInstanceOf(Step.Refused.class, step).reason();
    }

    /** The example of RFC 7677, section 3. */
    @Test
    void theExampleOfTheRfcIsProved() {
        assertEquals(new Step.LookUp("user"), begun(exchange, CLIENT_FIRST));
        Step.Ask ask = assertInstanceOf(Step.Ask.class, exchange.on(new Event.Found(found(PENCIL), NONCE)));
        assertEquals(
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                text(ask.data()));
        Step.Proved proved = assertInstanceOf(Step.Proved.class, exchange.on(new Event.Continued(bytes(CLIENT_LAST))));
        assertEquals("user", proved.name());
        assertEquals(7, proved.stamp());
        assertEquals("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", text(proved.data()));
    }

    /** RFC 7677, section 4: not below 4,096; OWASP's advice is far above. */
    @Test
    void aNewPasswordIsKeptWithASaltOfItsOwnAndManyRounds() {
        Access.ScramKeys keys = ScramSha256.keys(bytes("pencil"));
        assertEquals(600_000, keys.iterations());
        assertEquals(16, keys.salt().length);
        assertNotEquals(
                Base64.getEncoder().encodeToString(SALT), Base64.getEncoder().encodeToString(keys.salt()));
        assertEquals(32, keys.storedKey().length);
    }

    /** Who brings nothing with the CONNECT is asked to begin, once. */
    @Test
    void aClientMayWaitToBeAsked() {
        assertEquals(0, assertInstanceOf(Step.Ask.class, begun(exchange, "")).data().length);
        assertEquals(new Step.LookUp("user"), exchange.on(new Event.Continued(bytes(CLIENT_FIRST))));
        ScramExchange silent = new ScramExchange();
        begun(silent, "");
        assertEquals(0x87, refused(silent.on(new Event.Continued(new byte[0]))));
    }

    @Test
    void aNameThatNobodyHasIsAnsweredLikeOneThatSomebodyHas() {
        String once = question("mallory", nobody());
        assertEquals(once, question("mallory", nobody()), "the same each time");
        assertNotEquals(once, question("trudy", nobody()), "another one for each name");
        String real = question("mallory", found(ScramSha256.keys("x", SALT, ScramSha256.ITERATIONS)));
        assertEquals(once.length(), real.length(), "of the same form");
        assertEquals(once.replaceAll("s=[^,]*", "s="), real.replaceAll("s=[^,]*", "s="), "with the same rounds");
        byte[] other = new byte[32];
        other[0] = 1;
        assertNotEquals(once, question("mallory", new Access.Scram(other, Optional.empty())), "not to be computed");
    }

    private static String question(String name, Access.Scram found) {
        ScramExchange exchange = new ScramExchange();
        begun(exchange, "n,,n=" + name + ",r=abc");
        return text(assertInstanceOf(Step.Ask.class, exchange.on(new Event.Found(found, NONCE)))
                .data());
    }

    /** Also not with a proof that fits the made-up keys, which nobody could make. */
    @Test
    void aNameThatNobodyHasProvesNothing() throws Exception {
        ScramProof client = new ScramProof("user", "pencil");
        begun(exchange, text(client.first()));
        Access.Scram known = found(PENCIL);
        Step.Ask ask = assertInstanceOf(Step.Ask.class, exchange.on(new Event.Found(known, NONCE)));
        byte[] last = client.last(ask.data());
        assertInstanceOf(Step.Proved.class, exchange.on(new Event.Continued(last)));
        ScramExchange unknown = new ScramExchange();
        ScramProof nobodys = new ScramProof("user", "pencil");
        begun(unknown, text(nobodys.first()));
        Step.Ask madeUp = assertInstanceOf(Step.Ask.class, unknown.on(new Event.Found(nobody(), NONCE)));
        assertEquals(0x87, refused(unknown.on(new Event.Continued(nobodys.last(madeUp.data())))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "p=tls-unique,,n=user,r=abc",
                "n,a=admin,n=user,r=abc",
                "n,,m=x,n=user,r=abc",
                "n,,n=,r=abc",
                "n,,n=user,r=",
                "n,,n=user",
                "n,,n=us=er,r=abc",
                "n,,n=us=2cer,r=abc",
                "n,,n=$share,r=abc",
                "n,,n=anonymous,r=abc",
                "n,,n=a\0b,r=abc",
                "n,,n=a\nb,r=abc",
                "n,,n=user,r=a b",
                "n,,n=user,r=abc,",
                "q,,n=user,r=abc",
                "x"
            })
    void whatIsNoFirstMessageIsRefused(String first) {
        assertEquals(0x87, refused(begun(exchange, first)));
    }

    @Test
    void aNameMayHaveCommasAndAClientMayActForItselfAndSayMore() {
        assertEquals(new Step.LookUp("a,b=c"), begun(exchange, "y,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc,x=later"));
        assertEquals(0x87, refused(new ScramExchange().on(new Event.Begun(new byte[2_049]))));
        assertEquals(0x87, refused(new ScramExchange().on(new Event.Begun(new byte[] {'n', (byte) 0xC3}))));
    }

    /** Of what the client was not asked, or was asked of another one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "c=biws,r=%s,p=dHzb",
                "c=eSws,r=%s,p=%p",
                "c=biws,r=%sx,p=%p",
                "r=%s,c=biws,p=%p",
                "c=biws,r=%s",
                ""
            })
    void whatIsNotTheLastMessageIsRefused(String last) throws Exception {
        begun(exchange, CLIENT_FIRST);
        exchange.on(new Event.Found(found(PENCIL), NONCE));
        String proof = CLIENT_LAST.substring(CLIENT_LAST.indexOf("p=") + 2);
        String said = last.replace("%s", "rOprNGfwEbeRWgbNEkqO" + NONCE).replace("%p", proof);
        assertEquals(0x87, refused(exchange.on(new Event.Continued(bytes(said)))));
    }

    /** RFC 4013: half-width letters and a soft hyphen are mapped; what it forbids is taken as it is. */
    @Test
    void passwordsAreComparedBySaslPrep() {
        byte[] stored = ScramSha256.keys("I\u00ADX \u2168", SALT, 4_096).storedKey();
        assertArrayEquals(stored, ScramSha256.keys("IX IX", SALT, 4_096).storedKey());
        assertArrayEquals("a\u0007b".toCharArray(), ScramSha256.prepared("a\u0007b"));
        assertArrayEquals("\u00AD".toCharArray(), ScramSha256.prepared("\u00AD"), "nothing would be left");
    }

    @Property(tries = 200)
    void whoKnowsThePasswordIsProvedAndNobodyElse(
            @ForAll @StringLength(min = 1, max = 12) String password,
            @ForAll @StringLength(min = 1, max = 12) String other)
            throws Exception {
        boolean same = new String(ScramSha256.prepared(password)).equals(new String(ScramSha256.prepared(other)));
        assertEquals(same, isProved(other, ScramSha256.keys(password, SALT, 1)));
        assertTrue(isProved(password, ScramSha256.keys(password, SALT, 1)));
    }

    /** Also that the client believes the answer, and only that one. */
    private static boolean isProved(String password, Access.ScramKeys keys) throws Exception {
        ScramExchange exchange = new ScramExchange();
        char[] prepared = ScramSha256.prepared(password);
        byte[] salted = ScramSha256.salted(prepared, keys.salt(), keys.iterations());
        begun(exchange, "n,,n=user,r=abc");
        Step.Ask ask = (Step.Ask) exchange.on(new Event.Found(found(keys), NONCE));
        String without = "c=biws,r=abc" + NONCE;
        String message = "n=user,r=abc," + text(ask.data()) + "," + without;
        byte[] clientKey = ScramSha256.hmac(salted, "Client Key");
        byte[] signature = ScramSha256.hmac(ScramSha256.hash(clientKey), message);
        for (int i = 0; i < signature.length; i++) {
            signature[i] ^= clientKey[i];
        }
        String last = without + ",p=" + Base64.getEncoder().encodeToString(signature);
        return exchange.on(new Event.Continued(bytes(last))) instanceof Step.Proved proved
                && text(proved.data())
                        .equals("v="
                                + Base64.getEncoder()
                                        .encodeToString(
                                                ScramSha256.hmac(ScramSha256.hmac(salted, "Server Key"), message)));
    }

    /** Any byte of the proof, the nonce or the binding. */
    @Property(tries = 500)
    void aChangedLastMessageProvesNothing(@ForAll @IntRange(max = 110) int at, @ForAll byte change) {
        byte[] last = bytes(CLIENT_LAST);
        int place = at % last.length;
        ScramExchange exchange = new ScramExchange();
        begun(exchange, CLIENT_FIRST);
        exchange.on(new Event.Found(found(PENCIL), NONCE));
        last[place] ^= change;
        boolean proved = exchange.on(new Event.Continued(last)) instanceof Step.Proved;
        assertEquals(change == 0, proved);
    }

    @Property(tries = 1_000)
    void noBytesBreakIt(@ForAll @Size(max = 64) byte[] first, @ForAll @Size(max = 64) byte[] last) {
        ScramExchange exchange = new ScramExchange();
        Step step = exchange.on(new Event.Begun(first));
        if (step instanceof Step.LookUp) {
            step = exchange.on(new Event.Found(found(PENCIL), NONCE));
        }
        assertFalse(exchange.on(new Event.Continued(last)) instanceof Step.Proved, step::toString);
    }

    /** Whatever comes in whatever order: a proof needs all three in theirs, and after its end nothing goes on. */
    @Property(tries = 1_000)
    void onlyTheOrderOfTheExchangeProves(@ForAll @Size(max = 6) List<@IntRange(max = 2) Integer> order) {
        ScramExchange exchange = new ScramExchange();
        for (int i = 0; i < order.size(); i++) {
            Step step = exchange.on(
                    switch (order.get(i)) {
                        case 0 -> new Event.Begun(bytes(CLIENT_FIRST));
                        case 1 -> new Event.Found(found(PENCIL), NONCE);
                        default -> new Event.Continued(bytes(CLIENT_LAST));
                    });
            boolean inOrder =
                    i < 3 && order.subList(0, i + 1).equals(List.of(0, 1, 2).subList(0, i + 1));
            assertEquals(inOrder, !(step instanceof Step.Refused), order::toString);
            assertEquals(inOrder && i == 2, step instanceof Step.Proved, order::toString);
        }
    }
}
