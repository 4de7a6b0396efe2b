package dev.fetchback.bench;

import dev.fetchback.server.Server;
import dev.fetchback.server.Wiring;
import dev.fetchback.server.cli.Logging;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** {@code fetchback serve} without a store: takes the same flags, keeps nothing. */
final class Relay {
    private Relay() {}

    static void run(String[] args) throws Exception {
        Logging.prepare();
        Config config = new ConfigReader(System.getenv(), Path.of("")).read(List.of(args));
        Server server = Server.start(config, Wiring.builder(config).engine(NoStore::new));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.close();
            stopped.countDown();
            Runtime.getRuntime().halt(0);
        }));
        stopped.await();
    }
}
