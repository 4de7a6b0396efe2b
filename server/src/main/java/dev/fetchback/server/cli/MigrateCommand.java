package dev.fetchback.server.cli;

import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigException;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.Settings;
import dev.fetchback.store.Retention;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.postgres.PostgresSettings;
import dev.fetchback.store.postgres.PostgresStore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback migrate}: brings the schema in PostgreSQL to the newest version, beside nodes that run. */
final class MigrateCommand implements Command {
    private static final List<String> SETTINGS = List.of("--config", "--store");

    private final Function<Terminal, ConfigReader> reader;

    MigrateCommand(Function<Terminal, ConfigReader> reader) {
        this.reader = reader;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage()
                .description("Brings the schema in PostgreSQL to the newest version. Nodes may run meanwhile, those of the version before, too.")
                .footer("", "The password is in FETCHBACK_STORE_PASSWORD; store may be a variable or in fetchback.yaml, as for serve.");
        spec.addOption(OptionSpec.builder("--store").type(String.class).paramLabel("URL")
                .description("The database, jdbc:postgresql://host:port/database?user=name.").build());
        spec.addOption(OptionSpec.builder("--config").type(String.class).paramLabel("FILE")
                .description("Read this file instead of ./fetchback.yaml.").build());
        return spec.addOption(OptionSpec.builder("--dry-run").type(boolean.class).arity("0")
                .description("Say what would be done, and change nothing.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed {
        List<String> flags = new ArrayList<>();
        for (String name : SETTINGS) {
            String value = arguments.matchedOptionValue(name, null);
            if (value != null) {
                flags.addAll(List.of(name, value));
            }
        }
        Config config;
        try {
            config = reader.apply(terminal).read(flags);
        } catch (ConfigException e) {
            ServeCommand.complain(e, terminal);
            return CommandFailed.USAGE;
        }
        String url = config.get(Settings.STORE);
        if (url.equals("sqlite")) {
            throw new CommandFailed(CommandFailed.USAGE, "store is sqlite, whose files a start brings up to date by itself;"
                    + " name a database (--store jdbc:postgresql://…)");
        }
        boolean take = !arguments.hasMatchedOption("--dry-run");
        try {
            List<String> steps = PostgresStore.migrate(PostgresSettings.of(url, config.find(Settings.STORE_PASSWORD).orElse(null), "migrate",
                    Retention.DEFAULT, System::currentTimeMillis), take);
            steps.forEach(step -> terminal.out().println((take ? "done: " : "to do: ") + step));
            if (steps.isEmpty()) {
                terminal.out().println("the schema has the newest version");
            }
            return 0;
        } catch (StoreException e) {
            throw new CommandFailed(CommandFailed.USAGE, String.valueOf(e.getMessage()));
        }
    }
}
