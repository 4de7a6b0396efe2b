package dev.fetchback.server.cli;

import dev.fetchback.Builder;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.store.Archive;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongConsumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback export FILE} and {@code fetchback import FILE}: all that a store holds, as a file, and in another store. */
final class TransferCommand extends StoreCommand {
    private final Function<Config, Builder> wiring;
    private final Direction direction;

    /** Which of the two. */
    enum Direction {
        EXPORT("written to", "The file to make; it must not be there.",
                "Writes all that the store holds to a new file, for import into another store.", "Stop the server first: nothing may change meanwhile."),
        IMPORT("read from", "The file that export made.", "Reads what export wrote into an empty store.",
                "If it is cut, the same command goes on where it was; no server starts with the store before it is done.");

        private final String done;
        private final String file;
        private final String[] description;

        Direction(String done, String file, String... description) {
            this.done = done;
            this.file = file;
            this.description = description;
        }
    }

    /** Says where it is, now and then. */
    private static final class Progress implements LongConsumer {
        private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

        private final Terminal terminal;
        private long toldAt = System.nanoTime();

        Progress(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public void accept(long tasks) {
            long now = System.nanoTime();
            if (now - toldAt >= EVERY_NANOS) {
                toldAt = now;
                terminal.err().println("%,d tasks so far".formatted(tasks));
            }
        }
    }

    TransferCommand(Direction direction, Function<Terminal, ConfigReader> reader, Function<Config, Builder> wiring) {
        super(reader);
        this.direction = direction;
        this.wiring = wiring;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description(direction.description);
        return spec.addPositional(PositionalParamSpec.builder().index("0").arity("1").required(true).type(String.class).paramLabel("FILE")
                .description(direction.file).build());
    }

    @Override
    int run(Config config, ParseResult arguments, Terminal terminal) {
        Path file = terminal.folder().resolve(arguments.matchedPositionalValue(0, ""));
        Builder builder = wiring.apply(config);
        LongConsumer progress = new Progress(terminal);
        Archive.Moved moved = switch (direction) {
            case EXPORT -> builder.exportTo(file, progress);
            case IMPORT -> builder.importFrom(file, progress);
        };
        terminal.out().println("%,d tasks, %,d pages, %,d receivers, %,d batches, %,d keys, %,d pages as last seen %s %s".formatted(moved.tasks(),
                moved.bodies(), moved.receivers(), moved.batches(), moved.keys(), moved.pages(), direction.done, file));
        return 0;
    }
}
