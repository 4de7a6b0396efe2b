package dev.fetchback.task;

import java.time.Duration;
import java.util.List;

/**
 * When a failed attempt is tried again.
 *
 * @param fetchBase the wait after the first failed fetch; doubles with each further one, ±50 %
 * @param fetchCap the longest wait between fetches
 * @param hintCap the longest Retry-After of a page's server that is honoured
 * @param deliverSchedule the wait before delivery attempt n (the first is 0), ±10 %; the last repeats
 */
public record RetryPolicy(Duration fetchBase, Duration fetchCap, Duration hintCap, List<Duration> deliverSchedule) {
    /** The Standard Webhooks schedule for deliveries; 2 s doubling for fetches. */
    public static final RetryPolicy DEFAULT = new RetryPolicy(
            Duration.ofSeconds(2),
            Duration.ofMinutes(5),
            Duration.ofHours(1),
            List.of(
                    Duration.ZERO,
                    Duration.ofSeconds(5),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(30),
                    Duration.ofHours(2),
                    Duration.ofHours(5),
                    Duration.ofHours(10),
                    Duration.ofHours(14),
                    Duration.ofHours(20),
                    Duration.ofHours(24)));

    /** The longest a receiver may ask to be left alone (DESIGN: the hint is honoured up to 24 h). */
    public static final Duration DELIVER_HINT_CAP = Duration.ofHours(24);

    private static final double FETCH_JITTER = 0.5;
    private static final double DELIVER_JITTER = 0.1;
    private static final int DOUBLINGS_MAX = 30; // 2^30 times any base is beyond every cap

    public RetryPolicy {
        deliverSchedule = List.copyOf(deliverSchedule);
        if (deliverSchedule.isEmpty()) {
            throw new IllegalArgumentException("the delivery schedule is empty; give at least one wait, such as 0s");
        }
    }

    /** Unix milliseconds of the next fetch after {@code attempts} failed ones; {@code random} in [0, 1). */
    long nextFetch(int attempts, long notBefore, long now, double random) {
        long wait = fetchBase.toMillis() << Math.min(Math.max(attempts - 1, 0), DOUBLINGS_MAX);
        if (wait < 0 || wait > fetchCap.toMillis()) {
            wait = fetchCap.toMillis();
        }
        long hint = Math.min(notBefore, now + hintCap.toMillis());
        return Math.max(now + jitter(wait, FETCH_JITTER, random), hint);
    }

    /** Unix milliseconds of the next delivery after {@code attempts} failed ones; {@code random} in [0, 1). */
    long nextDelivery(int attempts, long notBefore, long now, double random) {
        long wait = deliverSchedule.get(Math.min(attempts, deliverSchedule.size() - 1)).toMillis();
        long hint = Math.min(notBefore, now + DELIVER_HINT_CAP.toMillis());
        return Math.max(now + jitter(wait, DELIVER_JITTER, random), hint);
    }

    private static long jitter(long wait, double share, double random) {
        return Math.round(wait * (1 + share * (2 * random - 1)));
    }
}
