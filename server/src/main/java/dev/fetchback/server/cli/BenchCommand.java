package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback bench}: says where the measurements are; their tools are not part of the server. */
final class BenchCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage().description("Says how the speed of this machine is measured.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) {
        terminal.out().println("The measurements need a load generator and a web server of their own, "
                + "so they are not a part of the server.");
        terminal.out().println("bench/README.md says how to run them, docs/performance.md what came out.");
        return 0;
    }
}
