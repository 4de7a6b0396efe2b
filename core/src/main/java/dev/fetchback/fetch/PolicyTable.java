package dev.fetchback.fetch;

import dev.fetchback.outbound.HostPattern;
import dev.fetchback.work.HostPolicies;
import dev.fetchback.work.HostPolicy;
import java.util.List;

/**
 * Policies by host pattern: the first rule with a pattern that matches counts, and a host without one has the fallback.
 *
 * @param fallback for hosts that no rule names
 * @param rules in order
 */
public record PolicyTable(HostPolicy fallback, List<Rule> rules) implements HostPolicies {
    /**
     * One policy and whom it is for.
     *
     * @param hosts at least one
     * @param policy how they are treated
     */
    public record Rule(List<HostPattern> hosts, HostPolicy policy) {
        public Rule {
            hosts = List.copyOf(hosts);
        }
    }

    /** @throws IllegalArgumentException naming a pattern that nothing can reach, as one before it means all of its hosts */
    public PolicyTable {
        rules = List.copyOf(rules);
        checkReach(rules.stream().map(Rule::hosts).toList());
    }

    /**
     * Checks that every pattern can be the first to match.
     *
     * @param patterns of each policy, in order
     * @throws IllegalArgumentException naming one that cannot, and the one before it
     */
    public static void checkReach(List<List<HostPattern>> patterns) {
        List<HostPattern> all = patterns.stream().flatMap(List::stream).toList();
        for (int i = 0; i < all.size(); i++) {
            for (HostPattern earlier : all.subList(0, i)) {
                if (earlier.covers(all.get(i))) {
                    throw new IllegalArgumentException("the host pattern '" + all.get(i) + "' is never reached, as '" + earlier
                            + "' before it means the same hosts; put the narrower one first, or leave one out");
                }
            }
        }
    }

    @Override
    public HostPolicy of(String hostPort) {
        for (Rule rule : rules) {
            for (HostPattern pattern : rule.hosts()) {
                if (pattern.matches(hostPort)) {
                    return rule.policy();
                }
            }
        }
        return fallback;
    }
}
