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

/** {@code fetchback export FILE}: all that a store holds, as a file. */
final class ExportCommand extends StoreCommand {
    private final Function<Config, Builder> wiring;

    ExportCommand(Function<Terminal, ConfigReader> reader, Function<Config, Builder> wiring) {
        super(reader);
        this.wiring = wiring;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Writes all that the store holds to a new file, for import into another store.", "Stop the server first: nothing may change meanwhile.");
        return spec.addPositional(PositionalParamSpec.builder().index("0").arity("1").required(true).type(String.class).paramLabel("FILE")
                .description("The file to make; it must not be there.").build());
    }

    @Override
    int run(Config config, ParseResult arguments, Terminal terminal) {
        Path file = terminal.folder().resolve(arguments.matchedPositionalValue(0, ""));
        Archive.Moved moved = wiring.apply(config).exportTo(file);
        terminal.out().println(told(moved) + " written to " + file);
        return 0;
    }

    /** What was moved, for a line. */
    static String told(Archive.Moved moved) {
        return "%,d tasks, %,d pages, %,d receivers, %,d batches, %,d keys, %,d pages as last seen".formatted(moved.tasks(), moved.bodies(),
                moved.receivers(), moved.batches(), moved.keys(), moved.pages());
    }
}
