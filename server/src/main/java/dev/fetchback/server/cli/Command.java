package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One command of {@code fetchback}. Specs are built in code: picocli's annotations cost reflection at every start. */
interface Command {
    /** Its options and arguments; made anew for each use. */
    CommandSpec spec();

    /** Runs it and returns the exit code: 0 done, 1 failed, 2 asked for wrongly. */
    int run(ParseResult arguments, Terminal terminal) throws CommandFailed, java.io.IOException, InterruptedException;
}
