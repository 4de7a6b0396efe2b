package dev.fetchback.server.cli;

/** The command line with the stub behind it, for tests that need a process of its own. */
public final class StubMain {
    private StubMain() {}

    public static void main(String[] arguments) {
        Logging.prepare();
        System.exit(new Commands(StubServer::start, Terminal.system()).run(arguments));
    }
}
