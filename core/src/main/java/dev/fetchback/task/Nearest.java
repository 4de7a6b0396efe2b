package dev.fetchback.task;

import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** The name that was probably meant. */
public final class Nearest {
    private static final int LENGTH_MAX = 100; // no name is longer; keeps the table small on hostile input
    private static final int SHARE = 3; // a third of the letters may be wrong,
    private static final int LEAST = 2; // or two, which is two letters swapped

    private Nearest() {}

    /** The candidate with the fewest differences from {@code name}; empty when all differ too much. */
    public static Optional<String> to(String name, Stream<String> candidates) {
        if (name.length() > LENGTH_MAX) {
            return Optional.empty();
        }
        return candidates
                .filter(candidate -> distance(name, candidate) <= Math.max(LEAST, candidate.length() / SHARE))
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
    }

    // Levenshtein's distance, two rows of the table at a time.
    private static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int swap = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(swap, Math.min(above[j], row[j - 1]) + 1);
            }
            above = row;
        }
        return above[b.length()];
    }
}
