package dev.fetchback.outbound;

import dev.fetchback.outbound.Vetting.Finding;
import dev.fetchback.outbound.Vetting.Refusal;
import dev.fetchback.outbound.Vetting.Source;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Finds a target's addresses and decides about each: the one way to a connection. */
final class Vetter {
    private static final Resolved UNRESOLVED = new Resolved(List.of(), List.of(), Duration.ZERO);

    private final AddressPolicy policy;
    private final Resolver strangers;
    private final Resolver trusted;

    /**
     * @param strangers asked for names that anybody may choose
     * @param trusted asked for the names of trusted origins
     */
    Vetter(AddressPolicy policy, Resolver strangers, Resolver trusted) {
        this.policy = policy;
        this.strangers = strangers;
        this.trusted = trusted;
    }

    /** Whether the target's addresses are taken unseen. */
    boolean trusts(Target target) {
        return policy.trusts(target);
    }

    Vetting vet(Target target, long waitNanos) throws InterruptedException {
        boolean trust = policy.trusts(target);
        InetAddress literal = target.literal();
        if (literal != null) {
            return judged(target, Source.LITERAL, Resolved.of(literal), trust);
        }
        Rule name = trust ? null : policy.judgeName(target.asciiHost());
        if (name != null) {
            String reason = "the name " + target.asciiHost() + " is denied (" + name.entry() + ")";
            return new Vetting(target, Source.NONE, UNRESOLVED, List.of(), new Refusal(Kind.BLOCKED_ADDRESS, name, reason));
        }
        Source source = trust ? Source.SYSTEM : Source.DNS;
        try {
            return judged(target, source, (trust ? trusted : strangers).resolve(target.asciiHost(), waitNanos), trust);
        } catch (UnknownHostException e) {
            Refusal refusal = new Refusal(Kind.DNS_FAILED, null, String.valueOf(e.getMessage()));
            return new Vetting(target, source, UNRESOLVED, List.of(), refusal);
        }
    }

    /** Every address must be allowed, also the ones that would not be used: a mixed answer is how names are rebound. */
    private Vetting judged(Target target, Source source, Resolved resolved, boolean trust) {
        List<Finding> findings = new ArrayList<>(resolved.addresses().size());
        Refusal refusal = null;
        for (InetAddress address : resolved.addresses()) {
            Rule rule = trust ? AddressPolicy.TRUSTED : policy.judge(address, target.port());
            findings.add(new Finding(address, rule));
            if (refusal == null && !rule.allows()) {
                refusal = new Refusal(Kind.BLOCKED_ADDRESS, rule, reason(address, rule));
            }
        }
        if (findings.isEmpty()) {
            refusal = new Refusal(Kind.DNS_FAILED, null, "the name " + target.asciiHost() + " has no address");
        }
        return new Vetting(target, source, resolved, findings, refusal);
    }

    private static String reason(InetAddress address, Rule rule) {
        return "the address " + address.getHostAddress() + " is denied by rule " + rule.ground().code()
                + (rule.entry().isEmpty() ? "" : " (" + rule.entry() + ")");
    }
}
