package dev.fetchback.server.cli;

import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigException;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.Fault;
import dev.fetchback.server.config.Kind;
import dev.fetchback.server.config.Setting;
import dev.fetchback.server.config.Settings;
import dev.fetchback.store.StoreException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback serve}: the server, until SIGTERM. */
final class ServeCommand implements Command {
    private final ServerStart start;
    private final Function<Terminal, ConfigReader> reader;

    ServeCommand(ServerStart start, Function<Terminal, ConfigReader> reader) {
        this.start = start;
        this.reader = reader;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage()
                .description("Runs the server until SIGTERM or Ctrl-C; "
                        + "then takes nothing new, finishes what is in flight and exits 0.")
                .footer("",
                        "Every setting is also an environment variable (--data-dir: FETCHBACK_DATA_DIR)",
                        "and a key of fetchback.yaml; flags win over variables, variables over the file.",
                        "Secrets are variables only: " + secrets() + ".",
                        "docs/configuration.md says more.");
        spec.addOption(OptionSpec.builder("--config").type(String.class).paramLabel("FILE")
                .description("Read this file instead of ./fetchback.yaml.").build());
        Settings.ALL.stream().map(Setting::group).distinct().forEach(group -> {
            ArgGroupSpec.Builder heading = ArgGroupSpec.builder().validate(false).heading("%n" + group + "%n");
            Settings.ALL.stream().filter(one -> one.group().equals(group) && !one.secret())
                    .forEach(one -> heading.addArg(option(one)));
            spec.addArgGroup(heading.build());
        });
        return spec;
    }

    private static String secrets() {
        return String.join(", ", Settings.ALL.stream().filter(Setting::secret).map(Setting::variable).toList());
    }

    private static OptionSpec option(Setting<?> setting) {
        String fallback = setting.fallback();
        boolean toggle = setting.kind().argument().isEmpty();
        String note = toggle || fallback == null ? "" : " Default: " + fallback + ".";
        return OptionSpec.builder(setting.flag())
                .type(toggle ? boolean.class : String.class)
                .arity(toggle ? "0" : "1")
                .paramLabel(setting.kind().argument())
                .description((setting.about() + note).replace("%", "%%"))
                .build();
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws IOException, InterruptedException {
        return run(arguments.originalArgs().subList(1, arguments.originalArgs().size()), terminal);
    }

    /** Runs with the flags as given; picocli is not needed for it, which saves a tenth of a second at every start. */
    int run(List<String> flags, Terminal terminal) throws InterruptedException {
        Config config;
        try {
            config = reader.apply(terminal).read(flags);
        } catch (ConfigException e) {
            complain(e, terminal);
            return CommandFailed.USAGE;
        }
        Logging.configure(config.get(Settings.LOG), java.util.logging.Level.INFO, terminal.err());
        System.Logger log = System.getLogger("dev.fetchback.server");
        long from = System.nanoTime();
        RunningServer server;
        try {
            server = start.start(config);
        } catch (IOException | StoreException e) {
            // Something outside is in the way (a port, a folder); where in the code it was noticed helps nobody.
            log.log(Level.ERROR, "start failed reason={0}", e.getMessage() == null ? e.toString() : e.getMessage());
            return mustBeMended(e, config) ? CommandFailed.USAGE : CommandFailed.FAILED;
        } catch (RuntimeException e) {
            log.log(Level.ERROR, "start failed", e);
            return CommandFailed.FAILED;
        }
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, config.get(Settings.DRAIN), log, stopped), "drain"));
        log.log(Level.INFO, "listening host={0} port={1} data={2} ms={3}", config.get(Settings.HOST), server.port(),
                config.get(Settings.DATA_DIR), Duration.ofNanos(System.nanoTime() - from).toMillis());
        if (config.find(Settings.FETCH_CONTACT).isEmpty()) {
            log.log(Level.INFO, "no contact hint={0}", "set fetch-contact, so that those whose pages are fetched can reach you");
        }
        stopped.await();
        return 0;
    }

    /** A URL or a password is configuration, too; a database that is down, or a folder that is in use, is there later by itself. */
    private static boolean mustBeMended(Exception failure, Config config) {
        return failure.getCause() instanceof StoreException fault && fault.kind() == StoreException.Kind.UNUSABLE
                && !Kind.embedded(config.get(Settings.STORE));
    }

    private static void stop(RunningServer server, Duration drain, System.Logger log, CountDownLatch stopped) {
        log.log(Level.INFO, "stopping drain={0}", drain.toMillis() % 1000 == 0 ? drain.toSeconds() + "s" : drain.toMillis() + "ms");
        try {
            server.close();
            log.log(Level.INFO, "stopped");
        } catch (RuntimeException e) {
            log.log(Level.ERROR, "stopping failed", e);
            Runtime.getRuntime().halt(CommandFailed.FAILED);
        }
        stopped.countDown();
        // The JVM would report the signal (143); a server that drained did what it was told.
        Runtime.getRuntime().halt(0);
    }

    static void complain(ConfigException e, Terminal terminal) {
        List<Fault> faults = e.faults();
        terminal.err().println("fetchback: " + faults.size() + (faults.size() == 1 ? " problem" : " problems")
                + " in the configuration");
        faults.forEach(fault -> terminal.err().println("  " + fault));
    }
}
