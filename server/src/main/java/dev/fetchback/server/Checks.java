package dev.fetchback.server;

import dev.fetchback.fetch.PolicyTable;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.DnsServers;
import dev.fetchback.outbound.HostPattern;
import dev.fetchback.server.cli.Terminal;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.FetchPolicy;
import dev.fetchback.server.config.Settings;
import dev.fetchback.server.intake.Tokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Checks of settings by the packages that use them, so that their complaints are told with all the others, before anything starts. */
final class Checks {
    private Checks() {}

    static ConfigReader reader(Terminal terminal) {
        return new ConfigReader(terminal.environment(), terminal.folder())
                .check(Settings.FETCH_ALLOW_NETWORKS, AddressPolicy::parse)
                .check(Settings.FETCH_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.FETCH_ALLOW_NETWORKS, Settings.FETCH_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_ALLOW_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_ALLOW_NETWORKS, Settings.DELIVER_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DNS_SERVERS, DnsServers::parse)
                .check(Settings.FETCH_POLICIES, Checks::policies)
                .check(Settings.API_TOKEN_FILE, Checks::tokens);
    }

    private static void policies(List<FetchPolicy> policies) {
        PolicyTable.checkReach(policies.stream().map(policy -> policy.hosts().stream().map(HostPattern::parse).toList()).toList());
    }

    private static void tokens(Path file) {
        try {
            Tokens.file(file, () -> 0);
        } catch (IOException e) {
            throw new IllegalArgumentException("it cannot be read", e);
        }
    }
}
