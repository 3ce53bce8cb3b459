package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The statements of {@code docs/runbook.md} run on the schema of this release, and change nothing. */
@ExtendWith(PostgresExtension.class)
class RunbookTest {
    private static final Path PAGE = Path.of("..").toAbsolutePath().normalize().resolve("docs/runbook.md");

    @Test
    void everyStatementRunsAndOnlyReads(TestDatabase database) throws IOException, SQLException {
        List<String> statements = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(PAGE))
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
        assertTrue(statements.size() > 8, statements::toString);
        for (String statement : statements) {
            // The database says no to whatever would write.
            database.execute("BEGIN TRANSACTION READ ONLY; " + statement + " COMMIT");
        }
    }
}
