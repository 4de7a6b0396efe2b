package dev.fetchback.work;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Queues whose bound in the store is left as it is for a while: emptied ones until they were quiet for some time, because most are soon
 * used again, and those that are never empty until many tasks were taken from them. Thread-safe.
 */
final class Lingering {
    /** All of them are looked at now and then; those beyond are settled at once. */
    private static final int QUEUES_MAX = 256;
    /** What is behind the bound of a queue that is never empty is read over each time. */
    private static final int USED_MAX = 1_024;
    /** The bound tells how old the oldest task is: so much too old at most. */
    private static final long USED_MILLIS_MAX = 10_000;
    /** Of how many queues it is known how much was taken from them. */
    private static final int COUNTED_MAX = 4_096;

    private final long lingerMillis;
    private final Map<String, Long> emptied = new LinkedHashMap<>(); // since when, the earliest first
    private final Map<String, Use> used = new HashMap<>();

    /** What was taken from a queue since its bound was raised. */
    private record Use(long since, int tasks) {
        Use more(int found) {
            return new Use(since, tasks + found);
        }
    }

    /** @param lingerMillis 0 when nothing is to linger */
    Lingering(long lingerMillis) {
        this.lingerMillis = lingerMillis;
    }

    /** Takes note that a queue is empty; false when it is to be settled at once. */
    synchronized boolean emptied(String name, long now) {
        if (lingerMillis == 0 || emptied.size() >= QUEUES_MAX && !emptied.containsKey(name)) {
            used.remove(name);
            return false;
        }
        emptied.putIfAbsent(name, now);
        return true;
    }

    /** Takes note that tasks were found; true when the queue is to be settled though it is not empty. */
    synchronized boolean used(String name, int tasks, long now) {
        if (lingerMillis == 0) {
            return false;
        }
        emptied.remove(name);
        if (used.size() >= COUNTED_MAX) {
            used.clear(); // of so many queues each is emptied now and then
        }
        Use use = used.getOrDefault(name, new Use(now, 0)).more(tasks);
        boolean much = use.tasks > USED_MAX || now - use.since > USED_MILLIS_MAX;
        if (much) {
            used.remove(name);
        } else {
            used.put(name, use);
        }
        return much;
    }

    /** Whether there is none that may be used again. */
    synchronized boolean isEmpty() {
        return emptied.isEmpty();
    }

    /** Those that may be used again. */
    synchronized List<String> names() {
        return List.copyOf(emptied.keySet());
    }

    /** Takes out those that were quiet for long enough, each with the time since when. */
    synchronized Map<String, Long> quiet(long now) {
        Map<String, Long> quiet = new HashMap<>();
        emptied.forEach((name, since) -> {
            if (now - since >= lingerMillis) {
                quiet.put(name, since);
            }
        });
        emptied.keySet().removeAll(quiet.keySet());
        used.keySet().removeAll(quiet.keySet());
        return quiet;
    }

    /** When the first one will have been quiet for long enough, Unix milliseconds. */
    synchronized long nextAt() {
        return emptied.isEmpty() ? Long.MAX_VALUE : emptied.values().iterator().next() + lingerMillis;
    }
}
