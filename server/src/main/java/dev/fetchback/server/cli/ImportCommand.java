package dev.fetchback.server.cli;

import dev.fetchback.Builder;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Archive;
import java.nio.file.Path;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback import FILE}: what a store held, in another one. */
final class ImportCommand extends StoreCommand {
    private final Function<Config, Builder> wiring;

    ImportCommand(Function<Terminal, ConfigReader> reader, Function<Config, Builder> wiring) {
        super(reader);
        this.wiring = wiring;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Reads what export wrote into an empty store.", "If it is cut, the same command goes on where it was; no server starts with the store before it is done.");
        return spec.addPositional(PositionalParamSpec.builder().index("0").arity("1").required(true).type(String.class).paramLabel("FILE")
                .description("The file that export made.").build());
    }

    @Override
    int run(Config config, ParseResult arguments, Terminal terminal) {
        Path file = terminal.folder().resolve(arguments.matchedPositionalValue(0, ""));
        Archive.Moved moved = wiring.apply(config).importFrom(file);
        terminal.out().println(ExportCommand.told(moved) + " read from " + file);
        return 0;
    }
}
