package dev.fetchback.server.intake;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The paths of the API, the methods each takes and what it is named in metrics. */
enum Route {
    ROOT("POST"),
    TASKS("GET", "POST"),
    TASK("GET", "DELETE"),
    RESULT("GET"),
    PROCESSED("GET"),
    CANCEL("POST"),
    RETRY("POST"),
    REDRIVE("POST"),
    BATCHES("POST"),
    BATCH("GET"),
    DEAD("GET"),
    DEAD_REDRIVE("POST"),
    NODES("GET"),
    RECEIVERS("GET"),
    RESUME("POST"),
    PAUSE("POST"),
    CHECK("POST"),
    LIVE("GET"),
    READY("GET"),
    METRICS("GET"),
    /** Described, but not built yet: any method is told so. */
    LATER("GET", "POST", "PUT", "PATCH", "DELETE"),
    UNKNOWN;

    /** In the order of the constants, for metrics. */
    static final List<String> LABELS =
            Arrays.stream(values()).map(route -> route.name().toLowerCase(Locale.ROOT)).toList();

    private static final Match NOTHING = new Match(UNKNOWN, "");
    private static final Map<String, Match> FIXED = Map.ofEntries(
            fixed("/", ROOT),
            fixed("/v1/tasks", TASKS),
            fixed("/v1/batches", BATCHES),
            fixed("/v1/dead", DEAD),
            fixed("/v1/dead/redrive", DEAD_REDRIVE),
            fixed("/v1/nodes", NODES),
            fixed("/v1/receivers", RECEIVERS),
            fixed("/v1/check", CHECK),
            fixed("/health/live", LIVE),
            fixed("/health/ready", READY),
            fixed("/metrics", METRICS),
            fixed("/v1/schedules", LATER),
            fixed("/v1/events", LATER),
            fixed("/openapi.json", LATER));
    private static final String TASK_PATH = "/v1/tasks/";
    private static final String BATCH_PATH = "/v1/batches/";
    private static final String RECEIVER_PATH = "/v1/receivers/";
    private static final String SCHEDULE_PATH = "/v1/schedules/";

    private final List<String> methods;

    Route(String... methods) {
        this.methods = List.of(methods);
    }

    /** Which route {@code path} is, not decoded: no id needs an escape. */
    static Match of(String path) {
        Match match = FIXED.get(path);
        if (match != null) {
            return match;
        }
        if (path.startsWith(TASK_PATH)) {
            return task(path.substring(TASK_PATH.length()));
        }
        if (path.startsWith(BATCH_PATH)) {
            String id = path.substring(BATCH_PATH.length());
            return id.indexOf('/') < 0 ? new Match(BATCH, id) : NOTHING;
        }
        if (path.startsWith(RECEIVER_PATH)) {
            return receiver(path.substring(RECEIVER_PATH.length()));
        }
        return path.startsWith(SCHEDULE_PATH) ? new Match(LATER, "") : NOTHING;
    }

    private static Match task(String rest) {
        int slash = rest.indexOf('/');
        if (slash < 0) {
            return new Match(TASK, rest);
        }
        String id = rest.substring(0, slash);
        return switch (rest.substring(slash + 1)) {
            case "result" -> new Match(RESULT, id);
            case "processed" -> new Match(PROCESSED, id);
            case "cancel" -> new Match(CANCEL, id);
            case "retry" -> new Match(RETRY, id);
            case "redrive" -> new Match(REDRIVE, id);
            default -> NOTHING;
        };
    }

    private static Match receiver(String rest) {
        int slash = rest.indexOf('/');
        if (slash < 0) {
            return NOTHING;
        }
        String id = rest.substring(0, slash);
        return switch (rest.substring(slash + 1)) {
            case "resume" -> new Match(RESUME, id);
            case "pause" -> new Match(PAUSE, id);
            default -> NOTHING;
        };
    }

    private static Map.Entry<String, Match> fixed(String path, Route route) {
        return Map.entry(path, new Match(route, ""));
    }

    /** Whether {@code method} is one of this route's; HEAD goes wherever GET goes. */
    boolean takes(String method) {
        return methods.contains(method.equals("HEAD") ? "GET" : method);
    }

    /** For the {@code Allow} header. */
    String allow() {
        String joined = String.join(", ", methods);
        return methods.contains("GET") ? joined.replace("GET", "GET, HEAD") : joined;
    }

    /**
     * A route and the id in its path.
     *
     * @param id as given; empty for a route without one
     */
    record Match(Route route, String id) {}
}
