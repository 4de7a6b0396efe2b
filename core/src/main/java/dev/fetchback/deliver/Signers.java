package dev.fetchback.deliver;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The signers of secrets in use, so that a secret is not worked in again for each delivery. Safe for many threads. */
final class Signers {
    private static final int KEPT_MAX = 1000; // of some 2 KB each

    private final @Nullable Signer ofOperator;
    private final Map<String, Signer> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Signer> eldest) {
            return size() > KEPT_MAX;
        }
    };

    /** @param operatorSecret signs what has no secret of its own; null leaves that unsigned */
    Signers(@Nullable String operatorSecret) {
        this.ofOperator = operatorSecret == null ? null : Signer.of(operatorSecret);
    }

    /** The signer for a task's secret, or the operator's; null when there is neither. */
    @Nullable Signer of(@Nullable String secret) {
        if (secret == null) {
            return ofOperator;
        }
        synchronized (this) {
            return kept.computeIfAbsent(secret, Signer::of);
        }
    }
}
