package dev.fetchback.examples;

import dev.fetchback.Builder;
import dev.fetchback.Fetchback;
import dev.fetchback.work.WorkSettings;
import java.nio.file.Path;
import java.time.Duration;

/** Fetchback for sites on this machine, and the crawler in a process of its own. */
final class Local {
    private Local() {}

    static Builder builder() {
        return Fetchback.builder()
                .fetchNetworks("127.0.0.0/8", "")
                .work(WorkSettings.DEFAULT.withPerHost(4, Duration.ZERO).withDrain(Duration.ofSeconds(2)));
    }

    /** A {@link Crawler} of the site, into the folder. */
    public static void main(String[] args) throws Exception {
        new Crawler(args[0], Integer.parseInt(args[1]), Path.of(args[2])).run(builder());
    }
}
