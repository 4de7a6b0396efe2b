package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback version}: what to put into a bug report. */
final class VersionCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage().description("Shows the version of Fetchback and of Java.");
        return spec;
    }

    /** The version in the jar's manifest. */
    static String version() {
        String version = VersionCommand.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) {
        terminal.out().println("fetchback " + version());
        terminal.out().println("java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch"));
        return 0;
    }
}
