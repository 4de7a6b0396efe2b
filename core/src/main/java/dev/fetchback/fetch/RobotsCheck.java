package dev.fetchback.fetch;

import dev.fetchback.outbound.AddressBusy;
import dev.fetchback.outbound.AddressTurn;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.HopCheck;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Target;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Has every hop of one fetch allowed by the robots.txt of the hop's own server. Belongs to one fetch. */
final class RobotsCheck implements HopCheck {
    /** As much of a rule as an error shows. */
    private static final int RULE_CHARS_MAX = 100;

    private final Robots robots;
    private final CrawlDelays delays;
    private final Obedience obedience;
    private final Target page;
    private final AddressTurn turn;
    private long retryAt;
    private boolean pausesHost;

    /** Which servers' files are asked. */
    @FunctionalInterface
    interface Obedience {
        boolean asks(Target hop);
    }

    /**
     * @param page where the fetch begins
     * @param turn of the fetch
     */
    RobotsCheck(Robots robots, CrawlDelays delays, Obedience obedience, Target page, AddressTurn turn) {
        this.robots = robots;
        this.delays = delays;
        this.obedience = obedience;
        this.page = page;
        this.turn = turn;
    }

    @Override
    public Exchange.@Nullable Failure refusal(Target hop, Duration left) throws AddressBusy, InterruptedException {
        if (!obedience.asks(hop) || hop.pathQuery().equals("/robots.txt")) {
            return null; // RFC 9309 §2.2.2: implicitly allowed
        }
        return switch (robots.ask(hop, left, turn)) {
            case Robots.Answer.Rules(RobotsRules rules) -> judged(hop, rules);
            case Robots.Answer.Unknown(Exchange.Failure failure, long at) -> {
                if (failure.kind() == Kind.ROBOTS_UNREACHABLE) {
                    robots.meters().unreachable.increment();
                }
                retryAt = at;
                pausesHost = at > 0 && hop.hostPort().equals(page.hostPort());
                yield failure;
            }
        };
    }

    private Exchange.@Nullable Failure judged(Target hop, RobotsRules rules) {
        String pattern = rules.denial(hop.pathQuery());
        if (pattern != null) {
            robots.meters().denied.increment();
            return new Exchange.Failure(
                    Kind.ROBOTS_DENIED, Robots.file(hop) + " does not allow " + hop.endpoint() + " (" + reason(pattern) + ")");
        }
        if (rules.crawlDelayMillis() > 0) {
            delays.slowTo(hop.hostPort(), rules.crawlDelayMillis());
        }
        return null;
    }

    private static String reason(String pattern) {
        if (pattern.equals(RobotsRules.TOO_LONG)) {
            return pattern;
        }
        return "Disallow: " + (pattern.length() > RULE_CHARS_MAX ? pattern.substring(0, RULE_CHARS_MAX) + "…" : pattern);
    }

    /** When a file that could not be read is read again, Unix milliseconds; 0 when that is not why the fetch ended. */
    long retryAt() {
        return retryAt;
    }

    /** Whether that file is the one of the fetch's own host, from which nothing else is allowed till then. */
    boolean pausesHost() {
        return pausesHost;
    }
}
