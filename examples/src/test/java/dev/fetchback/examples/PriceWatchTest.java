package dev.fetchback.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class PriceWatchTest {
    private static final Duration EVERY = Duration.ofMillis(50);
    private static final long POLL_NANOS = 1_000_000;

    @TempDir
    Path folder;

    private final AtomicInteger price = new AtomicInteger(10);

    private String page(String path) {
        return path.equals("/none") ? "<p>sold out</p>" : "<meta itemprop=\"price\" content=\"" + price.getAndIncrement() + ".50\">";
    }

    private List<String> rows(String url) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection database = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("prices.db"));
                Statement select = database.createStatement();
                ResultSet row = select.executeQuery("SELECT price, error FROM prices WHERE url = '" + url + "' ORDER BY delivery")) {
            while (row.next()) {
                rows.add(row.getString(1) + "|" + row.getString(2));
            }
        }
        return rows;
    }

    private void awaitRows(String url, int count) throws SQLException {
        while (rows(url).size() < count) {
            LockSupport.parkNanos(POLL_NANOS); // the table gives no sign
        }
    }

    @Test
    void keepsEachPriceOnceAndGoesOnAfterARestart() throws Exception {
        try (Site site = new Site(this::page)) {
            String url = site.url("/p/1");
            try (PriceWatch watch = new PriceWatch(folder, EVERY, Local.builder())) {
                watch.add(url);
                watch.add(url);
                awaitRows(url, 3);
            }
            int before = rows(url).size();
            try (PriceWatch watch = new PriceWatch(folder, EVERY, Local.builder())) {
                watch.add(url);
                awaitRows(url, before + 3);
            }
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < rows(url).size(); i++) {
                expected.add((10 + i) + ".50|null");
            }
            assertThat(rows(url)).as("one chain of looks, each with its own price").isEqualTo(expected);
        }
    }

    @Test
    void aPageWithoutAPriceIsARowThatSaysSo() throws Exception {
        try (Site site = new Site(this::page); PriceWatch watch = new PriceWatch(folder, EVERY, Local.builder())) {
            watch.add(site.url("/none"));
            awaitRows(site.url("/none"), 1);
            assertThat(rows(site.url("/none"))).first().isEqualTo("null|process_failed: price: the page states no price");
        }
    }
}
