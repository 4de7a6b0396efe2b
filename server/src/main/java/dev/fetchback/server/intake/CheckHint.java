package dev.fetchback.server.intake;

import dev.fetchback.outbound.Rule;
import dev.fetchback.outbound.Target;
import dev.fetchback.outbound.Vetting;
import dev.fetchback.task.Stage;
import java.net.Inet4Address;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What an operator can do about a URL that is not connected to. */
final class CheckHint {
    private CheckHint() {}

    /** One sentence; null when the URL is connected to. */
    static @Nullable String of(Vetting vetting, Stage stage) {
        Vetting.Refusal refusal = vetting.refusal();
        if (refusal == null) {
            return null;
        }
        Rule rule = refusal.rule();
        if (rule == null) {
            return "The name is asked for in DNS alone, without hosts file and search domains: check the name and dns-servers, "
                    + "or put an address into the URL.";
        }
        String settings = stage == Stage.FETCH ? "fetch" : "deliver";
        String allow = settings + "-allow-networks";
        String add = "add " + network(vetting) + " to " + allow + ".";
        return switch (rule.ground()) {
            case NOT_DNS -> "Such names are not in DNS; nothing opens them.";
            case NAME -> name(vetting.target(), allow);
            case DENY_LIST -> "To allow it, take " + rule.entry() + " out of " + settings + "-deny-networks.";
            case METADATA -> "It hands out credentials. Only naming exactly this address opens it: " + add;
            case OWN_PORT -> "This server itself listens there. Only naming the port opens it: " + add;
            case SPECIAL, OWN_ADDRESS -> "To allow it, " + add;
            case TRUSTED, ALLOW_LIST, PUBLIC -> null; // these deny nothing
        };
    }

    private static String name(Target target, String allow) {
        boolean local = target.asciiHost().equals("localhost") || target.asciiHost().endsWith(".localhost");
        return local
                ? "To allow it, add 127.0.0.1/32:" + target.port() + " to " + allow + "."
                : "Names within a network are looked up once " + allow + " has networks: add those of your hosts, such as "
                        + "10.0.0.0/8:" + target.port() + ".";
    }

    /** The first address that is denied, as an entry of a list; empty when none is known. */
    private static String network(Vetting vetting) {
        return vetting.findings().stream().filter(finding -> !finding.rule().allows()).findFirst()
                .map(finding -> entry(finding.address(), vetting.target().port())).orElse("");
    }

    private static String entry(InetAddress address, int port) {
        String text = address.getHostAddress().replaceFirst("%.*", "");
        return address instanceof Inet4Address ? text + "/32:" + port : "[" + text + "/128]:" + port;
    }
}
