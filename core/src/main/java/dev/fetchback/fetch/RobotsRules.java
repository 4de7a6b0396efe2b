package dev.fetchback.fetch;

import crawlercommons.robots.SimpleRobotRules;
import crawlercommons.robots.SimpleRobotRules.RobotRule;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one robots.txt says to us, matched as RFC 9309 §2.2.2 and §2.2.3 have it. Immutable.
 *
 * <p>The rules are matched here and not by the parser's library, which takes a URL that {@link java.net.URI} does not know for
 * {@code /}, does not find {@code /*.php$} in {@code /a.php/b.php}, and may spend seconds on one URL.
 */
final class RobotsRules {
    /** Everything may be fetched. */
    static final RobotsRules ALLOW_ALL = new RobotsRules(List.of(), 0);

    /** Longer ones would let a host's tasks pile up; StormCrawler and Nutch have the same bound. */
    private static final long CRAWL_DELAY_MAX = Duration.ofSeconds(30).toMillis();

    private static final boolean[] SPECIAL = new boolean[128];
    /** What is said of a path that would take longer: what is not known is not allowed. */
    static final String TOO_LONG = "more rules than are matched with one URL";

    /** Objects and references of a rule, and of each of its pieces, beside the characters. */
    private static final int RULE_BYTES = 120;
    private static final int PIECE_BYTES = 64;
    /** What a file without rules takes in the cache, its origin included. */
    private static final int FILE_BYTES = 512;
    /** Comparisons of characters before other threads get their turn: less than a millisecond. */
    private static final long TURN_WORK = 1 << 20;
    /** Comparisons for one URL, some 30 ms: thousands of rules with wildcards and a long URL do not reach it. */
    private static final long WORK_MAX = 64 << 20;

    static {
        SPECIAL['*'] = true;
        SPECIAL['$'] = true;
    }

    private final List<Rule> rules;
    private final long crawlDelayMillis;

    private RobotsRules(List<Rule> rules, long crawlDelayMillis) {
        this.rules = rules;
        this.crawlDelayMillis = crawlDelayMillis;
    }

    /** @param parsed sorted: the most specific rule first, and allow before disallow */
    static RobotsRules of(SimpleRobotRules parsed) {
        if (parsed.isAllowAll()) {
            return ALLOW_ALL;
        }
        return new RobotsRules(
                parsed.getRobotRules().stream().map(Rule::of).toList(), Math.clamp(parsed.getCrawlDelay(), 0, CRAWL_DELAY_MAX));
    }

    /**
     * The pattern of the rule that disallows a path, {@link #TOO_LONG}, or null when it may be fetched.
     *
     * @param pathQuery path and query as they are sent
     */
    @Nullable String denial(String pathQuery) {
        if (rules.isEmpty() || pathQuery.equals("/robots.txt")) {
            return null;
        }
        String path = SimpleRobotRules.escapePath(pathQuery, SPECIAL);
        long work = 0;
        long turn = TURN_WORK;
        for (Rule rule : rules) {
            if (rule.matches(path)) {
                return rule.allow ? null : rule.pattern;
            }
            work += rule.work(path);
            if (work > WORK_MAX) {
                return TOO_LONG;
            }
            if (work > turn) {
                Thread.yield();
                turn = work + TURN_WORK;
            }
        }
        return null;
    }

    /** Milliseconds between two fetches that the server asks for (Crawl-delay), 30 s at most; 0 when it does not say. */
    long crawlDelayMillis() {
        return crawlDelayMillis;
    }

    /** About how many bytes of memory this takes. */
    long bytes() {
        long bytes = FILE_BYTES;
        for (Rule rule : rules) {
            bytes += RULE_BYTES + 2L * rule.pattern.length() + (long) PIECE_BYTES * rule.pieces.length;
        }
        return bytes;
    }

    /**
     * One line of the file.
     *
     * @param pattern as the file has it, percent-encoded
     * @param pieces what stands between the wildcards, in order
     * @param whole whether the last piece must be the end of the path
     * @param longest of the pieces, characters
     */
    private record Rule(boolean allow, String pattern, String[] pieces, boolean whole, int longest) {
        static Rule of(RobotRule line) {
            String pattern = line.getPrefix();
            boolean whole = pattern.endsWith("$");
            // Elsewhere the sign stands for itself, and paths are compared with theirs encoded.
            String text = (whole ? pattern.substring(0, pattern.length() - 1) : pattern).replace("$", "%24");
            String[] pieces = text.split("\\*+", -1);
            int longest = Arrays.stream(pieces).mapToInt(String::length).max().orElse(0);
            return new Rule(line.isAllow(), pattern, pieces, whole, longest);
        }

        /** Most comparisons that matching takes. */
        long work(String path) {
            return pieces.length == 1 ? longest : (1L + longest) * path.length();
        }

        boolean matches(String path) {
            if (!path.startsWith(pieces[0])) {
                return false;
            }
            int last = pieces.length - 1;
            int at = pieces[0].length();
            if (last == 0) {
                return !whole || at == path.length();
            }
            for (int i = 1; i < last; i++) {
                int found = path.indexOf(pieces[i], at);
                if (found < 0) {
                    return false;
                }
                at = found + pieces[i].length();
            }
            if (whole) {
                return path.length() - pieces[last].length() >= at && path.endsWith(pieces[last]);
            }
            return path.indexOf(pieces[last], at) >= 0;
        }
    }
}
