package dev.fetchback.store;

import dev.fetchback.task.BatchId;
import dev.fetchback.task.Phase;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A batch and how far it is.
 *
 * @param id its id
 * @param owner the name of the token that submitted it; null without tokens
 * @param accepted tasks submitted
 * @param finished by terminal phase; the others are live
 */
public record BatchRecord(BatchId id, @Nullable String owner, long accepted, Map<Phase, Long> finished) {
    /** The phases that are counted, in the order of the engines' columns. */
    public static final List<Phase> COUNTED = List.of(Phase.SUCCEEDED, Phase.FAILED, Phase.DEAD, Phase.CANCELLED, Phase.EXPIRED);
}
