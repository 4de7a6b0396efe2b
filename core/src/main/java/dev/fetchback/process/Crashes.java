package dev.fetchback.process;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tasks that took their process down, or could not be done for now, once. What happens to them a second time is final, whatever
 * came between: a page that kills what parses it is not tried a third time.
 */
final class Crashes {
    private static final int TASKS_MAX = 10_000; // beyond it the tasks' own count of attempts still holds

    private final Map<String, Boolean> seen = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > TASKS_MAX;
        }
    };

    /** Counts one; whether it was the first. */
    synchronized boolean firstOf(String task) {
        if (seen.remove(task) != null) {
            return false;
        }
        seen.put(task, true);
        return true;
    }

    synchronized void forget(String task) {
        seen.remove(task);
    }
}
