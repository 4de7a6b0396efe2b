package dev.fetchback.server.cli;

import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigException;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** What works on the store itself, found by the settings that {@code serve} finds it by, and not by way of a server. */
abstract class StoreCommand implements Command {
    private static final List<String> SETTINGS = List.of("--config", "--store", "--data-dir");

    private final Function<Terminal, ConfigReader> reader;

    StoreCommand(Function<Terminal, ConfigReader> reader) {
        this.reader = reader;
    }

    static CommandSpec options(CommandSpec spec) {
        spec.usageMessage().footer("", "Settings may be variables or in fetchback.yaml, as for serve; the password is FETCHBACK_STORE_PASSWORD.");
        spec.addOption(OptionSpec.builder("--store").type(String.class).paramLabel("URL")
                .description("The store: sqlite, or jdbc:postgresql://host:port/database?user=name.").build());
        spec.addOption(OptionSpec.builder("--data-dir").type(String.class).paramLabel("PATH")
                .description("Folder of the embedded store.").build());
        return spec.addOption(OptionSpec.builder("--config").type(String.class).paramLabel("FILE")
                .description("Read this file instead of ./fetchback.yaml.").build());
    }

    @Override
    public final int run(ParseResult arguments, Terminal terminal) throws CommandFailed, IOException {
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
        try {
            return run(config, arguments, terminal);
        } catch (StoreException e) {
            throw new CommandFailed(CommandFailed.USAGE, String.valueOf(e.getMessage()));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** @throws StoreException which is told, and means exit code 2 */
    abstract int run(Config config, ParseResult arguments, Terminal terminal) throws CommandFailed;
}
