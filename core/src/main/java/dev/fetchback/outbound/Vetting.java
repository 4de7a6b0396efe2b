package dev.fetchback.outbound;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the guard says of a target at one moment. An exchange begins with this value, and the operator is shown the same.
 *
 * @param target what was asked about
 * @param source where the addresses come from
 * @param resolved the addresses; empty when there are none
 * @param findings what was decided about each address, in the same order
 * @param refusal why there would be no connection; null when there would be
 */
public record Vetting(
        Target target, Source source, Resolved resolved, List<Finding> findings, @Nullable Refusal refusal) {
    /** Where addresses come from. */
    public enum Source {
        /** The host is an address. */
        LITERAL,
        /** DNS servers were asked. */
        DNS,
        /** The system's resolver was asked, as for every trusted origin. */
        SYSTEM,
        /** Nobody was asked: the name is refused as it is. */
        NONE
    }

    /** What was decided about one address. */
    public record Finding(InetAddress address, Rule rule) {}

    /**
     * Why there would be no connection.
     *
     * @param kind as an exchange would fail
     * @param rule the first that denies; null when there is no address to decide about
     * @param reason a sentence for the operator, not for strangers: it tells of the network
     */
    public record Refusal(Kind kind, @Nullable Rule rule, String reason) {}

    public Vetting {
        findings = List.copyOf(findings);
    }
}
