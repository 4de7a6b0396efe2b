package dev.fetchback.server;

import dev.fetchback.fetch.PolicyTable;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.DnsServers;
import dev.fetchback.outbound.HostPattern;
import dev.fetchback.process.ProcessSettings;
import dev.fetchback.process.Processors;
import dev.fetchback.server.cli.Terminal;
import dev.fetchback.server.config.CommandSetting;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.ConfigReader.Wrong;
import dev.fetchback.server.config.FetchPolicy;
import dev.fetchback.server.config.Kind;
import dev.fetchback.server.config.Setting;
import dev.fetchback.server.config.Settings;
import dev.fetchback.server.intake.Tokens;
import dev.fetchback.store.postgres.PostgresSettings;
import dev.fetchback.task.Nearest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks of settings by the packages that use them, so that their complaints are told with all the others, before anything starts. */
final class Checks {
    private Checks() {}

    static ConfigReader reader(Terminal terminal) {
        return new ConfigReader(terminal.environment(), terminal.folder())
                .check(Settings.STORE, Checks::store)
                .check(Settings.FETCH_ALLOW_NETWORKS, AddressPolicy::parse)
                .check(Settings.FETCH_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.FETCH_ALLOW_NETWORKS, Settings.FETCH_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_ALLOW_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DELIVER_ALLOW_NETWORKS, Settings.DELIVER_DENY_NETWORKS, AddressPolicy::parse)
                .check(Settings.DNS_SERVERS, DnsServers::parse)
                .check(Settings.FETCH_POLICIES, Checks::policies)
                .check(Settings.API_TOKEN_FILE, Checks::tokens)
                .check(Settings.PROCESS_COMMANDS, Checks::commands)
                .check(Set.of(Settings.PROCESS_TIMEOUT, Settings.PROCESS_TIMEOUT_MAX), Checks::timeouts)
                .check(Set.of(Settings.PLUGINS_DIR, Settings.PROCESS_COMMANDS, Settings.PROCESS_ISOLATION), Checks::processors);
    }

    private static void store(String store) {
        if (!Kind.embedded(store)) {
            PostgresSettings.check(store);
        }
    }

    private static void commands(List<CommandSetting> commands) {
        List<String> faults = new ArrayList<>();
        for (CommandSetting command : commands) {
            try {
                Wiring.command(command);
            } catch (IllegalArgumentException e) {
                faults.add(String.valueOf(e.getMessage()));
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", faults));
        }
    }

    private static List<Wrong> timeouts(Config config) {
        Duration usual = config.get(Settings.PROCESS_TIMEOUT);
        Duration most = config.get(Settings.PROCESS_TIMEOUT_MAX);
        if (usual.compareTo(most) <= 0) {
            return List.of();
        }
        Setting<?> given = config.given(Settings.PROCESS_TIMEOUT) ? Settings.PROCESS_TIMEOUT : Settings.PROCESS_TIMEOUT_MAX;
        return List.of(new Wrong(given, "process-timeout (" + usual.toMillis() + "ms) is longer than process-timeout-max ("
                + most.toMillis() + "ms); give a shorter one, or allow more"));
    }

    /** Loads what is there, as it will be loaded once more: nothing else can tell whether a plugin is right. */
    private static List<Wrong> processors(Config config) {
        List<String> found;
        try (Processors all = Processors.find(ProcessSettings.DEFAULT.withPlugins(Wiring.plugins(config)), List.of(), List.of())) {
            found = all.names();
        } catch (IllegalArgumentException e) {
            return List.of(new Wrong(Settings.PLUGINS_DIR, String.valueOf(e.getMessage())));
        }
        List<Wrong> wrong = new ArrayList<>();
        List<String> commands = config.find(Settings.PROCESS_COMMANDS).orElse(List.of()).stream().map(CommandSetting::name).toList();
        commands.stream().filter(found::contains).forEach(name -> wrong.add(new Wrong(Settings.PROCESS_COMMANDS,
                "there is a processor of the name '" + name + "' already; give the command another name")));
        config.find(Settings.PROCESS_ISOLATION).orElse(Map.of()).keySet().forEach(name -> {
            if (commands.contains(name)) {
                wrong.add(new Wrong(Settings.PROCESS_ISOLATION, "'" + name + "' is a command, which always has a process of its own"));
            } else if (!found.contains(name)) {
                wrong.add(new Wrong(Settings.PROCESS_ISOLATION, "there is no processor '" + name + "'; "
                        + Nearest.to(name, found.stream()).map(near -> "did you mean '" + near + "'?")
                                .orElse("there are " + String.join(", ", found))));
            }
        });
        return wrong;
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
