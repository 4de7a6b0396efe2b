package dev.fetchback.server.cli;

import dev.fetchback.server.config.Settings.LogFormat;
import java.io.PrintStream;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Sets up {@code java.util.logging}, which is under {@link System.Logger} and under Jetty's SLF4J. */
public final class Logging {
    private static List<Logger> libraries = List.of(); // kept here, as the log manager holds loggers weakly

    private Logging() {}

    /** To be called before anything logs, or even has a logger: keeps the log open until the process ends. */
    public static void prepare() {
        System.setProperty("java.util.logging.manager", Steady.class.getName());
    }

    /** From now on every event of {@code from} and above is a line of {@code format} on {@code out}. */
    static synchronized void configure(LogFormat format, Level from, PrintStream out) {
        Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        Lines lines = new Lines(out);
        lines.setFormatter(new EventFormatter(format));
        root.addHandler(lines);
        root.setLevel(from);
        Logger org = Logger.getLogger("org");
        org.setLevel(Level.WARNING); // Jetty tells its life story at INFO
        Logger robots = Logger.getLogger("crawlercommons");
        robots.setLevel(Level.OFF); // it warns of what strangers write into their robots.txt
        Logger pools = Logger.getLogger("com.zaxxer.hikari");
        pools.setLevel(Level.OFF); // the store says itself that its database cannot be reached
        Logger driver = Logger.getLogger("org.postgresql");
        driver.setLevel(Level.OFF);
        libraries = List.of(org, robots, pools, driver);
    }

    /** A log manager that does not drop its handlers in a shutdown hook, as draining is worth logging. */
    public static final class Steady extends LogManager {
        /** Made by the JDK, by name. */
        public Steady() {}

        @Override
        public void reset() {
            // Nothing: the handlers hold no resource but standard error.
        }
    }

    private static final class Lines extends Handler {
        private final PrintStream out;

        Lines(PrintStream out) {
            this.out = out;
        }

        @Override
        public void publish(LogRecord record) {
            if (isLoggable(record)) {
                out.print(getFormatter().format(record)); // one print a line, so that lines of many threads never mix
            }
        }

        @Override
        public void flush() {
            out.flush();
        }

        @Override
        public void close() {
            out.flush();
        }
    }
}
