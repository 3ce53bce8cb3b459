package io.tuskmq.node;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.migrations.Migrate;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The command line. */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);
    private static final String USAGE = """
            Usage: tuskmq COMMAND [--config FILE] [--KEY VALUE]...

            Commands:
              start         run a node until SIGTERM or SIGINT (Ctrl-C)
              dev-cluster N run N nodes (3 if not said) and a database on this machine, to try a cluster out
              migrate       bring the database's schema up to date and end
              check-config  check the settings, print them (without passwords) and end
              user ...      users with passwords: add NAME, passwd NAME, remove NAME, list (the password is asked for, or read from
                            standard input)
              acl ...       access rules: add RULE [POSITION], remove ID, list
              train         let Java learn from a short load how to start and warm up faster (a cache beside the built jars)
              version       print the version and end

            Settings: from the file (YAML), then from the environment, then from options; the later one wins.
            """;

    private final PrintStream out;
    private final PrintStream err;
    private final Lifecycle lifecycle = new Lifecycle();
    private final AtomicBoolean exiting = new AtomicBoolean();

    private Main(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    public static void main(String[] args) {
        new Main(System.out, System.err).run(List.of(args));
    }

    private void run(List<String> args) {
        ExitCode code;
        try {
            if (args.contains("--help") || args.contains("-h") || args.equals(List.of("help"))) {
                printHelp();
                code = ExitCode.OK;
            } else if (args.isEmpty()) {
                err.print(USAGE);
                code = ExitCode.SETTINGS;
            } else {
                code = command(args.getFirst(), args.subList(1, args.size()));
            }
        } catch (SettingsException e) {
            e.problems().forEach(problem -> err.println("tuskmq: " + problem));
            code = ExitCode.SETTINGS;
        } catch (StartException e) {
            err.println("tuskmq: " + e.sentence());
            if (e.exitCode() == ExitCode.FAILURE) {
                log.error("start failed", e);
            }
            code = e.exitCode();
        } catch (Lifecycle.StoppingException _) {
            return; // a signal came first: its hook ends the process
        } catch (RuntimeException e) {
            log.error("start failed", e);
            code = ExitCode.FAILURE;
        }
        exit(code);
    }

    private ExitCode command(String command, List<String> options) {
        switch (command) {
            case "start" -> {
                start(options);
                throw new Lifecycle.StoppingException(); // the node runs; the process ends by a signal
            }
            case "dev-cluster" -> {
                devCluster(options);
                throw new Lifecycle.StoppingException(); // the nodes run; the process ends by a signal
            }
            case "migrate" -> migrate(options);
            case "user", "acl" -> access(command, options);
            case "check-config" -> checkConfig(options);
            case "train" -> {
                requireNone(options);
                stopOnSignal();
                new Training(lifecycle, this::exit).run();
            }
            case "version" -> {
                requireNone(options);
                out.println("tuskmq " + Version.text());
            }
            default -> {
                err.println("tuskmq: " + command + ": there is no such command; see tuskmq --help");
                return ExitCode.SETTINGS;
            }
        }
        return ExitCode.OK;
    }

    private void start(List<String> options) {
        Settings settings = SettingsSource.read(options, System.getenv());
        Logs.level(settings.get(Settings.LOGGING_LEVEL));
        stopOnSignal();
        String ready = new Startup(settings, lifecycle, this::exit).start();
        out.println(ready);
        out.flush();
    }

    private void devCluster(List<String> options) {
        boolean counted = !options.isEmpty() && options.getFirst().matches("[0-9]{1,9}");
        int nodes = counted ? Integer.parseInt(options.getFirst()) : 3;
        if (nodes < 1 || nodes > DevCluster.NODES_MAX) {
            throw new SettingsException(List.of("dev-cluster: 1 to " + DevCluster.NODES_MAX + " nodes are allowed"));
        }
        Settings settings =
                SettingsSource.read(counted ? options.subList(1, options.size()) : options, System.getenv());
        stopOnSignal();
        DatabaseUrl database = new Startup(settings, lifecycle, this::exit).openDatabase();
        new DevCluster(settings, lifecycle, out).start(nodes, database);
        untilASignal();
    }

    /** All threads of a process that only watches over others are daemons: without this one it would end, and its hook stop the nodes. */
    private static void untilASignal() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void migrate(List<String> options) {
        Startup startup = new Startup(SettingsSource.read(options, System.getenv()), lifecycle, this::exit);
        stopOnSignal();
        Migrate.Result result = startup.migrate(startup.openDatabase());
        out.println("schema version=" + result.version() + " applied=" + result.applied());
    }

    private void access(String command, List<String> options) {
        List<String> words = new ArrayList<>(List.of(command));
        options.stream().takeWhile(word -> !word.startsWith("--")).forEach(words::add);
        Settings settings = SettingsSource.read(options.subList(words.size() - 1, options.size()), System.getenv());
        Startup startup = new Startup(settings, lifecycle, this::exit);
        stopOnSignal();
        DatabaseUrl database = startup.openDatabaseForCommand();
        startup.migrate(database);
        AccessCommands.at(database, lifecycle, out).run(words);
    }

    private void checkConfig(List<String> options) {
        Settings settings = SettingsSource.read(options, System.getenv());
        for (Setting<?> setting : Settings.ALL) {
            String value = setting.equals(Settings.DATABASE_URL)
                    ? settings.get(Settings.DATABASE_URL).map(Object::toString).orElse("")
                    : settings.text(setting);
            out.println(setting.key() + ": " + value);
        }
    }

    private static void requireNone(List<String> options) {
        if (!options.isEmpty()) {
            throw new SettingsException(List.of(options.getFirst() + ": this command takes no options"));
        }
    }

    private void printHelp() {
        out.print(USAGE);
        for (Setting<?> setting : Settings.ALL) {
            out.println();
            out.println("  --" + setting.key() + "  (" + setting.variable() + ")");
            out.println("      " + setting.sentence());
            out.println("      Allowed: " + setting.allowed() + "."
                    + (setting.byDefault().isEmpty() ? "" : " Default: " + setting.byDefault() + "."));
        }
        out.println();
        out.println("Exit codes:");
        Arrays.stream(ExitCode.values()).forEach(code -> out.println("  " + code.code() + "  " + code.meaning()));
    }

    private void exit(ExitCode code) {
        exiting.set(true);
        boolean clean = lifecycle.stop(START_PATIENCE);
        Logs.writeOut();
        System.exit(clean ? code.code() : Math.max(code.code(), ExitCode.FAILURE.code()));
    }

    /** SIGTERM and SIGINT stop everything in order and end the process with code 0; by itself Java would end with 143 or 130. */
    private void stopOnSignal() {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            if (exiting.get()) {
                                return;
                            }
                            log.info("stopping");
                            boolean clean = lifecycle.stop(START_PATIENCE);
                            log.info("stopped clean={}", clean);
                            Logs.writeOut();
                            out.flush();
                            Runtime.getRuntime().halt(clean ? ExitCode.OK.code() : ExitCode.FAILURE.code());
                        },
                        "stop"));
    }
}
