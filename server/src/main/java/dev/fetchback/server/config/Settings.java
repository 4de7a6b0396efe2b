package dev.fetchback.server.config;

import dev.fetchback.server.config.Setting.Place;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The table of settings. Flags, environment, file, help and docs/configuration.md are all derived from it or checked against it.
 */
public final class Settings {
    private static final List<Setting<?>> ROWS = new ArrayList<>();

    private static final String SERVER = "Server";
    private static final String FETCH = "Fetching";
    private static final String PROCESS = "Processing";
    private static final String DELIVER = "Delivering";
    private static final String KEEP = "Memory, disk and retention";

    /** How the server logs. */
    public enum LogFormat {
        /** One line a human reads. */
        TEXT,
        /** One JSON object a line. */
        JSON
    }

    /** See {@link #MIGRATE}. */
    public enum Migrate {
        AUTO,
        OFF
    }

    /** What robots.txt means to tasks that do not say. */
    public enum Robots {
        /** A disallowed page is not fetched. */
        OBEY,
        /** Fetch whatever it says. */
        IGNORE
    }

    /** Where a processor runs. */
    public enum Isolation {
        /** On a thread of the server's own process. */
        THREAD,
        /** In a worker process, which can be killed. */
        PROCESS
    }

    /** What to try of what the system offers to isolate worker processes. */
    public enum Layers {
        /** All of it. */
        ALL,
        /** None of it. */
        NONE
    }

    public static final Setting<String> HOST = row(SERVER, "host", Kind.host(), "127.0.0.1",
            "Address to listen on. Any but a loopback address needs API tokens, or --insecure.");
    public static final Setting<Integer> PORT = row(SERVER, "port", Kind.port(), "8080", "Port to listen on.");
    public static final Setting<Integer> OPS_PORT = row(SERVER, "ops-port", Kind.port(), null,
            "Another port, for /health and /metrics only: it answers when clients take up all of the API's connections.");
    public static final Setting<Path> DATA_DIR = row(SERVER, "data-dir", Kind.path(), "fetchback-data",
            "Folder of the embedded store, and of what is only on its way. One server at a time uses it.");
    public static final Setting<String> NODE_NAME = row(SERVER, "node-name",
            Kind.text("a node name", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "1 to 63 letters, digits, dots, dashes and underscores"),
            null, "Name of this server among those that share a database. Unique when not given.");
    public static final Setting<Duration> NODE_LEASE = row(SERVER, "node-lease", Kind.duration("2s", "5m"), "12s",
            "How long the work of a server that is not heard of stays its own, before others take it over. With PostgreSQL only.");
    public static final Setting<String> STORE = row(SERVER, "store", Kind.store(), "sqlite",
            "Where tasks are kept: in the data folder, or in PostgreSQL 15 or newer, which many servers may share.");
    public static final Setting<String> STORE_PASSWORD = secret(SERVER, "store-password", Kind.text("a password", ".{1,1024}", "1 to 1024 characters"),
            "Password of the database's user.");
    public static final Setting<Migrate> MIGRATE = row(SERVER, "migrate", Kind.choice(Migrate.class), "auto",
            "Whether a start brings the schema in PostgreSQL to the newest version, or refuses until fetchback migrate was run.");
    public static final Setting<URI> PUBLIC_URL = row(SERVER, "public-url", Kind.url(), null,
            "URL under which receivers reach this server; links to kept pages begin with it. Host and port when not given.");
    public static final Setting<Path> API_TOKEN_FILE = row(SERVER, "api-token-file", Kind.file(), null,
            "File of API tokens, a line each: name:token, or name:token:admin. Read again when it changes.");
    public static final Setting<String> API_TOKENS = secret(SERVER, "api-tokens", Kind.tokens(),
            "API tokens without a file.");
    public static final Setting<Boolean> INSECURE = row(SERVER, "insecure", Kind.toggle(), "false",
            "Lets everybody who can connect use the API, without a token.");
    public static final Setting<Integer> API_CONNECTIONS = row(SERVER, "api-connections", Kind.integer(16, 1_000_000), "4096",
            "Most connections to the API. More wait until one is closed.");
    public static final Setting<Integer> API_REQUESTS = row(SERVER, "api-requests", Kind.integer(1, 1_000_000), "2048",
            "Most requests served at once. More are told to come again; health checks and metrics never are.");
    public static final Setting<Integer> API_WAITS = row(SERVER, "api-waits", Kind.integer(0, 1_000_000), "1024",
            "Most requests that wait for an outcome at once. More are answered as things stand.");
    public static final Setting<Integer> API_UPLOADS = row(SERVER, "api-uploads", Kind.integer(1, 1_000), "8",
            "Most batches read at once. More are told to come again.");
    public static final Setting<Duration> DRAIN = row(SERVER, "drain", Kind.duration("0s", "10m"), "8s",
            "How long SIGTERM waits for what is in flight before it is handed back to the store.");
    public static final Setting<LogFormat> LOG = row(SERVER, "log", Kind.choice(LogFormat.class), "text",
            "How events are logged to standard error, one a line.");

    public static final Setting<Integer> FETCH_CONCURRENCY = row(FETCH, "fetch-concurrency", Kind.integer(1, 100_000), "1024",
            "Most fetches in flight.");
    public static final Setting<Integer> FETCH_PER_HOST_CONCURRENCY = row(FETCH, "fetch-per-host-concurrency",
            Kind.integer(1, 100_000), "2", "Most fetches in flight to one host and port.");
    public static final Setting<Duration> FETCH_PER_HOST_GAP = row(FETCH, "fetch-per-host-gap",
            Kind.duration("0s", "1h"), "500ms",
            "Least time between two fetches from one host.");
    public static final Setting<Integer> FETCH_PER_ADDRESS_CONCURRENCY = row(FETCH, "fetch-per-address-concurrency",
            Kind.integer(1, 100_000), "8", "Most fetches in flight to one IP address, whatever the host names; nodes share these.");
    public static final Setting<Robots> FETCH_ROBOTS = row(FETCH, "fetch-robots", Kind.choice(Robots.class), "obey",
            "Whether robots.txt is obeyed by tasks that do not say. Tasks may ask to ignore it only when this is ignore.");
    public static final Setting<List<FetchPolicy>> FETCH_POLICIES = row(FETCH, "fetch-policies", FetchPolicy.kind(), null,
            "Hosts that are treated otherwise; the first policy with a pattern that matches counts.");
    public static final Setting<String> FETCH_ALLOW_NETWORKS = row(FETCH, "fetch-allow-networks", Kind.networks(), null,
            "Networks that may be fetched from although they are private or reserved. All of them are denied when not given.");
    public static final Setting<String> FETCH_DENY_NETWORKS = row(FETCH, "fetch-deny-networks", Kind.networks(), null,
            "Networks that may not be fetched from. Wins over fetch-allow-networks.");
    public static final Setting<String> DNS_SERVERS = row(FETCH, "dns-servers", Kind.servers(), null,
            "DNS servers asked for hosts of pages and receivers, in this order. Those of /etc/resolv.conf when not given.");
    public static final Setting<String> FETCH_USER_AGENT = row(FETCH, "fetch-user-agent",
            Kind.text("a user agent", "[\\x21-\\x7e][\\x20-\\x7e]{0,255}", "1 to 256 visible ASCII characters"), "Fetchback/0.1",
            "The User-Agent of fetches, unless the task names another.");
    public static final Setting<String> FETCH_CONTACT = row(FETCH, "fetch-contact",
            Kind.text("a contact", "(https?://(?![^/?#]*@)|[\\w.+-]{1,64}@)[!#-'*-~]{1,160}",
                    "an http(s) URL without user name, or a mail address, in visible ASCII characters without brackets or quotes"), null,
            "Where those whose pages are fetched reach you; it stands behind the user agent.");
    public static final Setting<Duration> FETCH_TIMEOUT_MAX = row(FETCH, "fetch-timeout-max", Kind.duration("1s", "1h"), "10m",
            "Longest fetch.timeout that a task may ask for.");
    public static final Setting<Long> FETCH_MAX_BYTES_MAX = row(FETCH, "fetch-max-bytes-max", Kind.size("1KiB", "1GiB"), "100MiB",
            "Largest fetch.max_bytes that a task may ask for.");
    public static final Setting<Duration> FETCH_BACKOFF = row(FETCH, "fetch-backoff", Kind.duration("1ms", "5m"), "2s",
            "Wait after the first failed fetch. Doubles with each further one, up to 5m.");

    public static final Setting<Duration> PROCESS_TIMEOUT = row(PROCESS, "process-timeout", Kind.duration("100ms", "1h"), "30s",
            "Time that each processor of a task may take when the task does not say.");
    public static final Setting<Duration> PROCESS_TIMEOUT_MAX = row(PROCESS, "process-timeout-max", Kind.duration("100ms", "1h"), "5m",
            "Longest timeout that a task may ask for.");
    public static final Setting<Long> PROCESS_RESULT_MAX = row(PROCESS, "process-result-max", Kind.size("1KiB", "64MiB"), "8MiB",
            "Most bytes of all results of one task, as JSON.");
    public static final Setting<Integer> PROCESS_THREADS = row(PROCESS, "process-threads", Kind.integer(1, 1_000), null,
            "Most pages processed at once on threads of the server. One fewer than there are processors (CPUs) when not given.");
    public static final Setting<Integer> PROCESS_WORKERS = row(PROCESS, "process-workers", Kind.integer(1, 1_000), null,
            "Most pages processed at once in worker processes, and most commands at once. "
                    + "One fewer than there are processors (CPUs), at most 8, when not given.");
    public static final Setting<Long> PROCESS_WORKER_MEMORY = row(PROCESS, "process-worker-memory", Kind.size("32MiB", "16GiB"), "256MiB",
            "Heap of each worker process. It takes up to 192 MiB beside it.");
    public static final Setting<Integer> PROCESS_WORKER_PAGES = row(PROCESS, "process-worker-pages", Kind.integer(1, 1_000_000_000), "100000",
            "Pages after which a worker process is replaced.");
    public static final Setting<Layers> PROCESS_WORKER_ISOLATION = row(PROCESS, "process-worker-isolation", Kind.choice(Layers.class), "all",
            "Whether all is tried that the system offers to isolate worker processes. /health/ready says what is in force.");
    public static final Setting<Map<String, Isolation>> PROCESS_ISOLATION = row(PROCESS, "process-isolation",
            Kind.choices("a mapping of processors", Isolation.class, "{text: thread}"), null,
            "Processors that run elsewhere than they say themselves. The built-in ones and those of plugins can be moved.");
    public static final Setting<List<CommandSetting>> PROCESS_COMMANDS = row(PROCESS, "process-commands", CommandSetting.kind(), null,
            "Programs that tasks may use as processors, by name.");
    public static final Setting<Path> PLUGINS_DIR = row(PROCESS, "plugins-dir", Kind.folder(), "plugins",
            "Folder of jars with processors of your own. It must be there only if it is given.");

    public static final Setting<URI> DELIVER_TO = row(DELIVER, "deliver-to", Kind.url(), null,
            "Receiver of tasks that name none. Trusted: it may be on a private network. Without it, pages are kept for pick-up.");
    public static final Setting<String> DELIVER_ALLOW_NETWORKS = row(DELIVER, "deliver-allow-networks", Kind.networks(), null,
            "Networks that receivers named by tasks may be on although they are private or reserved. "
                    + "All of them are denied when not given.");
    public static final Setting<String> DELIVER_DENY_NETWORKS = row(DELIVER, "deliver-deny-networks", Kind.networks(), null,
            "Networks that receivers named by tasks may not be on. Wins over deliver-allow-networks.");
    public static final Setting<String> DELIVER_SECRET = secret(DELIVER, "deliver-secret", Kind.signingSecret(),
            "Secret that signs deliveries to receivers without one of their own.");
    public static final Setting<Path> DELIVER_SECRET_FILE = row(DELIVER, "deliver-secret-file", Kind.file(), null,
            "File that holds the secret, instead of the environment.");
    public static final Setting<Integer> DELIVER_CONCURRENCY = row(DELIVER, "deliver-concurrency",
            Kind.integer(1, 100_000), "512",
            "Most deliveries in flight.");
    public static final Setting<Integer> DELIVER_PER_ENDPOINT_CONCURRENCY = row(DELIVER, "deliver-per-endpoint-concurrency",
            Kind.integer(1, 100_000), "32", "Most deliveries in flight to one endpoint, that is, a URL without its query; for each node.");
    public static final Setting<Integer> DELIVER_PER_ORIGIN_CONCURRENCY = row(DELIVER, "deliver-per-origin-concurrency",
            Kind.integer(1, 100_000), "128", "Most deliveries in flight to one scheme, host and port; for each node.");
    public static final Setting<List<Duration>> DELIVER_SCHEDULE = row(DELIVER, "deliver-schedule", Kind.durations("0s", "7d"),
            "0s,5s,5m,30m,2h,5h,10h,14h,20h,24h", "Wait before each delivery attempt. The last one repeats.");
    public static final Setting<Long> DELIVER_INLINE_MAX = row(DELIVER, "deliver-inline-max", Kind.size("0", "16MiB"), "256KiB",
            "Largest page that an envelope holds. Beyond it, the envelope holds a signed link.");

    public static final Setting<Long> BODY_MEMORY = row(KEEP, "body-memory", Kind.size("0", "16GiB"), "64MiB",
            "Most bytes of pages in memory. What does not fit goes to disk.");
    public static final Setting<Duration> KEEP_FOR = row(KEEP, "keep", Kind.duration("1s", "365d"), "24h",
            "How long a page is kept for pick-up when its task says nothing.");
    public static final Setting<Duration> RETAIN_FINISHED = row(KEEP, "retain-finished", Kind.duration("1s", "365d"), "24h",
            "How long finished tasks can be looked up.");
    public static final Setting<Duration> RETAIN_DEAD = row(KEEP, "retain-dead", Kind.duration("1s", "3650d"), "30d",
            "How long dead tasks and their pages wait to be redriven.");
    public static final Setting<Long> RETAIN_DEAD_SIZE = row(KEEP, "retain-dead-size", Kind.size("0", "64TiB"), "1GiB",
            "Most bytes of dead tasks' pages. The oldest are dropped first.");
    public static final Setting<Duration> RETAIN_SEEN = row(KEEP, "retain-seen", Kind.duration("1s", "3650d"), "30d",
            "How long it is remembered how a page was, for fetch.if_changed, since it was last found to be so.");
    public static final Setting<Integer> RETAIN_SEEN_MAX = row(KEEP, "retain-seen-max", Kind.integer(1, 1_000_000_000), "1000000",
            "Most pages of which that is remembered, about 250 bytes each. The oldest are forgotten first.");
    public static final Setting<Long> STORE_MAX_SIZE = row(KEEP, "store-max-size", Kind.size("0", "64TiB", "0 is no cap"), "0",
            "Size of the store beyond which no task is taken.");
    public static final Setting<Long> SPOOL_MAX_SIZE = row(KEEP, "spool-max-size", Kind.size("0", "64TiB", "0 is no cap"), "0",
            "Bytes of pages on disk beyond which no task is taken.");
    public static final Setting<Integer> MAX_WAITING = row(KEEP, "max-waiting",
            Kind.integer(0, 1_000_000_000, "0 is no cap but the disk"), "0", "Unfinished tasks beyond which no task is taken.");

    /** Every setting, in the order of help and documentation. */
    public static final List<Setting<?>> ALL = List.copyOf(ROWS);

    private Settings() {}

    private static <T> Setting<T> row(String group, String name, Kind<T> kind, @Nullable String fallback, String about) {
        return add(new Setting<>(group, name, kind, fallback, Place.ANYWHERE, about));
    }

    private static <T> Setting<T> secret(String group, String name, Kind<T> kind, String about) {
        return add(new Setting<>(group, name, kind, null, Place.ENVIRONMENT, about));
    }

    private static <T> Setting<T> add(Setting<T> setting) {
        ROWS.add(setting);
        return setting;
    }
}
