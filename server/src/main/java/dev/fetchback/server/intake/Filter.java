package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import dev.fetchback.store.TaskQuery;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import dev.fetchback.task.State;
import dev.fetchback.task.TaskId;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which tasks a list shows: what the store can tell apart, and the states that it cannot.
 *
 * @param query for the store
 * @param states only in one of these; empty for all
 */
record Filter(TaskQuery query, Set<State> states) {
    static final int LIMIT_DEFAULT = 100;
    static final List<String> LIST_PARAMETERS =
            List.of("state", "host", "label", "batch", "created_after", "limit", "cursor");
    static final List<String> DEAD_PARAMETERS = List.of("host", "label", "batch", "created_after", "limit", "cursor");

    /** Reads a list's parameters. */
    static Filter of(QueryParams params, @Nullable String owner) {
        Set<State> states = states(params.text("state"));
        return new Filter(query(params, owner, phases(states)), states);
    }

    /** Reads the parameters of a list of dead tasks. */
    static TaskQuery dead(QueryParams params, @Nullable String owner) {
        return query(params, owner, EnumSet.of(Phase.DEAD));
    }

    private static TaskQuery query(QueryParams params, @Nullable String owner, Set<Phase> phases) {
        String cursor = params.text("cursor");
        TaskId before = cursor == null ? null : Cursor.read(cursor);
        String host = params.text("host");
        return new TaskQuery(
                owner,
                phases,
                host == null ? null : host.toLowerCase(Locale.ROOT),
                params.text("label"),
                batch(params.text("batch")),
                params.time("created_after"),
                before,
                params.integer("limit", 1, TaskQuery.LIMIT_MAX, LIMIT_DEFAULT));
    }

    private static @Nullable BatchId batch(@Nullable String text) {
        return text == null
                ? null
                : BatchId.parse(text)
                        .orElseThrow(() -> QueryParams.refuse("batch", text, "the id of a batch, bat_ and 26 characters"));
    }

    private static Set<State> states(@Nullable String text) {
        Set<State> states = EnumSet.noneOf(State.class);
        if (text == null) {
            return states;
        }
        for (String name : text.split(",", -1)) {
            State found = null;
            for (State state : State.values()) {
                if (state.wire().equals(name)) {
                    found = state;
                }
            }
            if (found == null) {
                List<String> known = Arrays.stream(State.values()).map(State::wire).toList();
                throw QueryParams.refuse("state", name, "one of " + String.join(", ", known) + ", or several parted by commas");
            }
            states.add(found);
        }
        return states;
    }

    private static Set<Phase> phases(Set<State> states) {
        Set<Phase> phases = EnumSet.noneOf(Phase.class);
        for (State state : states) {
            switch (state) {
                case SCHEDULED, QUEUED -> phases.add(Phase.FETCH_WAITING);
                case FETCHING -> phases.add(Phase.FETCH_RUNNING);
                case PROCESSING -> {
                    phases.add(Phase.PROCESS_WAITING);
                    phases.add(Phase.PROCESS_RUNNING);
                }
                case DELIVERING -> {
                    phases.add(Phase.DELIVER_WAITING);
                    phases.add(Phase.DELIVER_RUNNING);
                }
                case SUCCEEDED -> phases.add(Phase.SUCCEEDED);
                case FAILED -> phases.add(Phase.FAILED);
                case DEAD -> phases.add(Phase.DEAD);
                case CANCELLED -> phases.add(Phase.CANCELLED);
                case EXPIRED -> phases.add(Phase.EXPIRED);
            }
        }
        return phases;
    }

    /** Whether a task that the store found is one of those asked for: the store does not tell scheduled from queued. */
    boolean shows(StoredTask task, long now) {
        return states.isEmpty() || states.contains(State.of(task.task(), now));
    }
}
