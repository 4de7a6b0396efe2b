package dev.fetchback.deliver;

import dev.fetchback.task.Header;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The names and the headers of a webhook (Standard Webhooks, W3C Trace Context). */
final class Webhook {
    private static final Set<String> RESERVED = Set.of(
            "content-type",
            "content-length",
            "transfer-encoding",
            "connection",
            "host",
            "traceparent",
            "expect",
            "te",
            "upgrade");

    private Webhook() {}

    /**
     * {@code webhook-id}: of a task and its outcome, the same on every attempt and after a crash; another one each time it is
     * run again.
     */
    static String id(Task task, Outcome outcome) {
        String kind = switch (outcome) {
            case Outcome.Failed(Problem problem, long at) -> problem.code().equals(Problem.EXPIRED) ? "_expired" : "_failed";
            case Outcome.Fetched fetched -> "_page";
            case Outcome.Unchanged unchanged -> "_page";
        };
        int round = task.progress().round();
        return task.id() + kind + (round > 0 ? "_" + round : "");
    }

    /**
     * The trace is that of the task, the span that of the attempt.
     *
     * @param span any number but 0
     */
    static String traceparent(TaskId task, long span) {
        HexFormat hex = HexFormat.of();
        return "00-" + hex.toHexDigits(task.high()) + hex.toHexDigits(task.low()) + "-"
                + hex.toHexDigits(span == 0 ? 1 : span) + "-01";
    }

    /** The caller's own headers, but none that would change what we say. */
    static void addOwn(List<Header> headers, List<Header> own) {
        for (Header header : own) {
            String name = header.name().toLowerCase(Locale.ROOT);
            if (!RESERVED.contains(name) && !name.startsWith("webhook-") && !name.startsWith("fetchback-")) {
                headers.add(header);
            }
        }
    }

    static boolean has(List<Header> headers, String name) {
        return headers.stream().anyMatch(header -> header.name().equalsIgnoreCase(name));
    }
}
