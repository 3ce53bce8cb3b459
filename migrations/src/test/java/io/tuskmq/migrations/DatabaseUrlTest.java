package io.tuskmq.migrations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {
    @Test
    void readsAllParts() {
        assertEquals(
                new DatabaseUrl("db.example", 5433, "tuskmq", "tusk", "a:b@c+d"),
                DatabaseUrl.parse("postgresql://tusk:a:b%40c+d@db.example:5433/tuskmq"));
    }

    @Test
    void portAndPasswordMayBeLeftOut() {
        assertEquals(new DatabaseUrl("::1", 5432, "d", "u", ""), DatabaseUrl.parse("postgresql://u@[::1]/d"));
    }

    @Test
    void neverPrintsThePassword() {
        assertFalse(DatabaseUrl.parse("postgresql://u:secret@h/d").toString().contains("secret"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mysql://u:secret@h/d",
                "postgresql://h/d",
                "postgresql://u:secret@h",
                "postgresql://u:secret@h/",
                "postgresql://u:secret@/d",
                "postgresql://u:secret@h:99999/d",
                "postgresql://u:secret@h/d?a=b",
                "postgresql://u:secret %@h/d",
                "",
                "postgresql://u:secret%zz@h/d"
            })
    void refusesWhatItCannotReadWithoutRepeatingThePassword(String url) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> DatabaseUrl.parse(url));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("postgresql://user:password@host:port/database"), message);
        assertFalse(message.contains("secret"), message);
    }
}
