package dev.fetchback.server.cli;

import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.Kind;
import dev.fetchback.server.config.Settings;
import dev.fetchback.store.Retention;
import dev.fetchback.store.postgres.PostgresSettings;
import dev.fetchback.store.postgres.PostgresStore;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback migrate}: brings the schema in PostgreSQL to the newest version, beside nodes that run. */
final class MigrateCommand extends StoreCommand {
    MigrateCommand(Function<Terminal, ConfigReader> reader) {
        super(reader);
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage()
                .description("Brings the schema in PostgreSQL to the newest version. Nodes may run meanwhile, those of the version before, too.");
        return spec.addOption(OptionSpec.builder("--dry-run").type(boolean.class).arity("0")
                .description("Say what would be done, and change nothing.").build());
    }

    @Override
    int run(Config config, ParseResult arguments, Terminal terminal) throws CommandFailed {
        String url = config.get(Settings.STORE);
        if (Kind.embedded(url)) {
            throw new CommandFailed(CommandFailed.USAGE, "store is sqlite, whose files a start brings up to date by itself;"
                    + " name a database (--store jdbc:postgresql://…)");
        }
        boolean take = !arguments.hasMatchedOption("--dry-run");
        List<String> steps = PostgresStore.migrate(PostgresSettings.of(url, config.find(Settings.STORE_PASSWORD).orElse(null), "migrate",
                Retention.DEFAULT, System::currentTimeMillis), take);
        steps.forEach(step -> terminal.out().println((take ? "done: " : "to do: ") + step));
        if (steps.isEmpty()) {
            terminal.out().println("the schema has the newest version");
        }
        return 0;
    }
}
