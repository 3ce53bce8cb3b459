package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogsTest {
    private static final LoggerContext CONTEXT = (LoggerContext) LoggerFactory.getILoggerFactory();
    private static final AsyncAppender QUEUE = assertInstanceOf(
            AsyncAppender.class, CONTEXT.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("QUEUE"));

    @Test
    void aClientsControlCharactersMakeNoLineOfTheirOwn() {
        String line = line("client={} refused", "a\r\n2026-01-01 INFO Leases - lease lost\u001b[31m\u0085\u2028b");
        assertEquals(1, line.lines().count(), line);
        assertTrue(
                line.endsWith("INFO LogsTest - client=a??2026-01-01 INFO Leases - lease lost?[31m??b refused\n"), line);
        assertFalse(line.contains("\u001b"));
    }

    @Test
    void nobodyWaitsForWhatReadsTheLog() {
        assertTrue(QUEUE.isNeverBlock());
    }

    @Test
    void theLevelIsOfOurLogAlone() {
        Logger ours = CONTEXT.getLogger("io.tuskmq");
        Level before = ours.getLevel();
        try {
            Logs.level("DEBUG");
            assertTrue(
                    LoggerFactory.getLogger("io.tuskmq.node.session.Directory").isDebugEnabled());
            assertFalse(LoggerFactory.getLogger("io.netty.channel").isInfoEnabled());
        } finally {
            ours.setLevel(before);
        }
    }

    private static String line(String message, Object... values) {
        var console = assertInstanceOf(ConsoleAppender.class, QUEUE.getAppender("STDERR"));
        @SuppressWarnings("unchecked")
        var encoder = ((ConsoleAppender<ILoggingEvent>) console).getEncoder();
        var event = new LoggingEvent("", CONTEXT.getLogger(LogsTest.class), Level.INFO, message, null, values);
        return new String(encoder.encode(event), StandardCharsets.UTF_8);
    }
}
