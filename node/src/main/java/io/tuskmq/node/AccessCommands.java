package io.tuskmq.node;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.node.auth.AclText;
import io.tuskmq.node.auth.Audit;
import io.tuskmq.node.auth.Passwords;
import io.tuskmq.storage.Access;
import io.tuskmq.storage.Filters;
import io.tuskmq.storage.PgStore;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code tuskmq user} and {@code tuskmq acl}: users and rules of the database, whether nodes run or not. A password is asked for, or read from
 * the first line of standard input; it is never an argument, where others could see it.
 */
final class AccessCommands {
    private static final int NAMES_PER_PAGE = 1_000;
    private static final String WORDS =
            "user: add NAME, passwd NAME, remove NAME or list; acl: add RULE [POSITION], remove ID or list";

    private final Access access;
    private final PrintStream out;
    private final InputStream in;
    private final @Nullable Console console;
    private final Audit audit = new Audit(System::currentTimeMillis);

    AccessCommands(Access access, PrintStream out, InputStream in, @Nullable Console console) {
        this.access = access;
        this.out = out;
        this.in = in;
        this.console = console;
    }

    /** At the database, whose schema is current. */
    static AccessCommands at(DatabaseUrl database, Lifecycle lifecycle, PrintStream out) {
        EventLoops loops = lifecycle.start(EventLoops::open, open -> Startup.answer(open.close()));
        Store store = lifecycle.start(
                () -> PgStore.open(loops.clients(), database, PgStore.Options.defaults(), new NoFilters()),
                open -> Startup.answer(open.close()));
        return new AccessCommands(store.access(), out, System.in, terminal());
    }

    /** What somebody types at. Java has a console also where nobody does. */
    @SuppressWarnings("SystemConsoleNull") // NullAway doesn't know that it is never null any more
    private static @Nullable Console terminal() {
        Console console = System.console();
        return console != null && console.isTerminal() ? console : null;
    }

    /** Commands match no messages. */
    private static final class NoFilters implements Filters.Copy {
        @Override
        public long version() {
            return 0;
        }

        @Override
        public void apply(Filters.Changes changes) {}
    }

    /**
     * @param words with the command first
     * @throws SettingsException when there is no such command, or what it is about isn't there
     */
    void run(List<String> words) {
        String command = String.join(" ", words.subList(0, Math.min(2, words.size())));
        List<String> rest = words.subList(Math.min(2, words.size()), words.size());
        switch (command) {
            case "user add" -> {
                String name = only(rest);
                require(await(access.addUser(name, password())), name + ": there is such a user, see user passwd");
                done("user add", name);
            }
            case "user passwd" -> {
                String name = only(rest);
                require(await(access.changePassword(name, password())), name + ": there is no such user");
                done("user passwd", name);
            }
            case "user remove" -> {
                String name = only(rest);
                require(await(access.removeUser(name)), name + ": there is no such user");
                done("user remove", name);
            }
            case "user list" -> listUsers(rest);
            case "acl add" -> addRule(rest);
            case "acl remove" -> {
                String id = only(rest);
                require(
                        id.matches("[0-9]{1,18}") && await(access.removeRule(Long.parseLong(id))),
                        id + ": there is no such rule");
                done("acl remove", id);
            }
            case "acl list" -> listRules(rest);
            default -> throw new SettingsException(List.of(command + ": there is no such command; " + WORDS));
        }
    }

    private void listUsers(List<String> rest) {
        require(rest.isEmpty(), WORDS);
        String last = "";
        List<String> page;
        do {
            page = await(access.names(last, NAMES_PER_PAGE));
            page.forEach(out::println);
            last = page.isEmpty() ? last : page.getLast();
        } while (page.size() == NAMES_PER_PAGE);
    }

    private void addRule(List<String> rest) {
        boolean placed = rest.size() == 2 && rest.get(1).matches("-?[0-9]{1,9}");
        require(rest.size() == 1 || placed, WORDS);
        try {
            var rule = AclText.rule(rest.getFirst());
            long id = await(access.addRule(rule.toRow(placed ? Integer.parseInt(rest.get(1)) : 0)));
            out.println("rule " + id);
            done("acl add", id + " " + rule);
        } catch (IllegalArgumentException e) {
            throw new SettingsException(List.of("acl add: " + e.getMessage()));
        }
    }

    private void listRules(List<String> rest) {
        require(rest.isEmpty(), WORDS);
        for (Access.Rule row : await(access.rules()).rules()) {
            out.println(row.ruleId() + "\t" + row.position() + "\t" + AclText.ofRow(row));
        }
    }

    private void done(String action, String object) {
        audit.admin(action, object);
    }

    private static String only(List<String> rest) {
        require(rest.size() == 1 && !rest.getFirst().isEmpty(), WORDS);
        return rest.getFirst();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new SettingsException(List.of(otherwise));
        }
    }

    private Access.Password password() {
        char[] typed = console != null ? typed(console) : firstLine();
        require(typed.length > 0, "an empty password lets anybody in who knows the name");
        byte[] bytes = new String(typed).getBytes(StandardCharsets.UTF_8);
        Arrays.fill(typed, ' ');
        require(bytes.length <= Passwords.BYTES_MAX, "a password has at most " + Passwords.BYTES_MAX + " bytes");
        return Passwords.kept(bytes);
    }

    private static char[] typed(Console console) {
        char[] once = console.readPassword("Password: ");
        char[] twice = console.readPassword("Once more: ");
        require(once != null && twice != null && Arrays.equals(once, twice), "the two passwords differ");
        return once;
    }

    private char[] firstLine() {
        try {
            String line = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
            return line == null ? new char[0] : line.toCharArray();
        } catch (IOException e) {
            throw new SettingsException(List.of("the password can't be read: " + e.getMessage()));
        }
    }

    private static <T> T await(Future<T> future) {
        return Startup.answer(future);
    }
}
