package dev.fetchback.examples;

import dev.fetchback.Builder;
import dev.fetchback.Fetch;
import dev.fetchback.Fetchback;
import dev.fetchback.deliver.Delivery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Looks at the prices of products again and again and keeps them in a table. Each look submits the next one, so the watch goes on over
 * any restart; a delivery that comes twice is one row, and submits one task.
 */
public final class PriceWatch implements AutoCloseable {
    private static final String SCHEMA = "CREATE TABLE IF NOT EXISTS prices("
            + "delivery TEXT PRIMARY KEY, url TEXT NOT NULL, seen_at TEXT DEFAULT CURRENT_TIMESTAMP, price TEXT, error TEXT)";

    private final Duration every;
    private final Connection database;
    private final Fetchback fetchback;

    /**
     * @param folder for the table, {@code prices.db}, and for what Fetchback keeps
     * @param every how long after a look the next one begins
     */
    public PriceWatch(Path folder, Duration every, Builder builder) throws IOException, SQLException {
        this.every = every;
        this.database = DriverManager.getConnection("jdbc:sqlite:" + Files.createDirectories(folder).resolve("prices.db"));
        try (Statement create = database.createStatement()) {
            create.execute(SCHEMA);
        }
        this.fetchback = builder
                .dataDir(folder.resolve("fetchback"))
                .processor(new PriceProcessor())
                .deliverTo(this::receive)
                .start();
    }

    /** Usage: {@code PriceWatch folder https://shop.example/p/1 …}; ends when a line comes in. */
    public static void main(String[] args) throws Exception {
        try (PriceWatch watch = new PriceWatch(Path.of(args[0]), Duration.ofHours(6), Fetchback.builder())) {
            for (int i = 1; i < args.length; i++) {
                watch.add(args[i]);
            }
            IO.readln("watching, press Enter to end: ");
        }
    }

    /** Watches one more product; nothing happens when it is watched already. */
    public synchronized void add(String url) throws SQLException {
        try (PreparedStatement known = database.prepareStatement("SELECT 1 FROM prices WHERE url = ?")) {
            known.setString(1, url);
            if (!known.executeQuery().next()) {
                fetchback.submit(look(url, "first look at " + url));
            }
        }
    }

    private static Fetch look(String url, String key) {
        return Fetch.of(url).process("price").idempotencyKey(key);
    }

    private void receive(Delivery look, Fetchback own) throws Exception {
        store(look);
        own.submit(look(look.url(), "after " + look.id()).delay(every));
    }

    private synchronized void store(Delivery look) throws IOException, SQLException {
        try (PreparedStatement row = database.prepareStatement(
                "INSERT OR IGNORE INTO prices(delivery, url, price, error) VALUES (?, ?, ?, ?)")) {
            row.setString(1, look.id());
            row.setString(2, look.url());
            row.setString(3, (String) look.processed().get("price"));
            row.setString(4, look.error().map(problem -> problem.code() + ": " + problem.detail()).orElse(null));
            row.executeUpdate();
        }
    }

    @Override
    public void close() throws SQLException {
        fetchback.close();
        database.close();
    }
}
