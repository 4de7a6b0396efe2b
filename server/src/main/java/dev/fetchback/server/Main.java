package dev.fetchback.server;

import dev.fetchback.server.cli.Commands;
import dev.fetchback.server.cli.Logging;
import dev.fetchback.server.cli.Terminal;

/** The command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        Logging.prepare();
        Terminal terminal = Terminal.system();
        int exitCode = new Commands(Server::start, terminal, Checks::reader, Wiring::builder).run(args);
        terminal.out().flush();
        System.exit(exitCode);
    }
}
