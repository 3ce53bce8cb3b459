package io.tuskmq.node.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client's message of SCRAM (RFC 5802, section 7), read strictly. */
sealed interface ScramMessage {
    /** Of the longest message: a name of 256 characters and a nonce fit. */
    int BYTES_MAX = 2_048;

    /**
     * The first one.
     *
     * @param header which says that there is no channel binding; the last message repeats it
     * @param bare the message without it
     */
    record First(String header, String bare, String name, String nonce) implements ScramMessage {}

    /**
     * The last one.
     *
     * @param header of the first one, as repeated
     * @param withoutProof what the proof is about
     * @param proof 32 bytes
     */
    record Last(String header, String nonce, String withoutProof, byte[] proof) implements ScramMessage {}

    /** Not a message of SCRAM, or one that asks for what we don't have. */
    final class BadScram extends Exception {
        private static final long serialVersionUID = 1L;

        BadScram(String why) {
            super(why, null, false, false);
        }

        String why() {
            return String.valueOf(getMessage());
        }
    }

    /** y: it could bind, and thinks that we can't, which is so. What follows the nonce we may leave unread. */
    Pattern FIRST = Pattern.compile("([ny]),(a=[^,]*)?,(n=([^,]+),r=([!-+\\--~]{1,256})(?:,[A-Za-z]=[^,]*)*)");

    Pattern LAST =
            Pattern.compile("(c=([A-Za-z0-9+/=]+),r=([!-+\\--~]{1,512})(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]{43}=)");

    static First first(byte[] data) throws BadScram {
        String text = text(data);
        if (text.startsWith("p=")) {
            throw new BadScram("there is no channel binding");
        }
        Matcher form = FIRST.matcher(text);
        if (!form.matches()) {
            throw new BadScram("not the first message of SCRAM");
        }
        String name = name(form.group(4));
        String actsFor = form.group(2) == null ? "" : form.group(2).substring(2);
        if (!actsFor.isEmpty() && !name(actsFor).equals(name)) {
            throw new BadScram("nobody may act for somebody else");
        }
        String bare = form.group(3);
        return new First(text.substring(0, text.length() - bare.length()), bare, name, form.group(5));
    }

    static Last last(byte[] data) throws BadScram {
        Matcher form = LAST.matcher(text(data));
        if (!form.matches()) {
            throw new BadScram("not the last message of SCRAM");
        }
        String header = new String(base64(form.group(2)), StandardCharsets.UTF_8);
        return new Last(header, form.group(3), form.group(1), base64(form.group(4)));
    }

    private static byte[] base64(String text) throws BadScram {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException _) {
            throw new BadScram("not base64");
        }
    }

    private static String text(byte[] data) throws BadScram {
        if (data.length > BYTES_MAX) {
            throw new BadScram("a message of " + data.length + " bytes");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(data))
                    .toString();
        } catch (CharacterCodingException _) {
            throw new BadScram("not UTF-8");
        }
    }

    /** A comma is written =2C, an equals sign =3D. */
    private static String name(String written) throws BadScram {
        String name = written.replace("=2C", ",").replace("=3D", "=");
        boolean clean = written.replace("=2C", "").replace("=3D", "").indexOf('=') < 0;
        if (!clean || !Login.isPrincipal(name)) {
            throw new BadScram("not a user's name"); // the database takes no U+0000 either
        }
        return name;
    }
}
