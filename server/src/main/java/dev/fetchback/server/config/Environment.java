package dev.fetchback.server.config;

import dev.fetchback.task.Nearest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads the {@code FETCHBACK_*} variables. */
final class Environment {
    static final String CONFIG = "FETCHBACK_CONFIG";
    /** Variables of the launcher and of the client commands; not settings of the server. */
    static final Set<String> OTHERS =
            Set.of(CONFIG, "FETCHBACK_SERVER", "FETCHBACK_TOKEN", "FETCHBACK_JAVA_OPTS", "FETCHBACK_JVM_FOLDERS");

    private Environment() {}

    /** The settings among the variables; an empty variable counts as not given, as compose files leave them so. */
    static List<Source> read(Map<String, String> variables, List<Fault> faults) {
        Map<String, Setting<?>> known = new HashMap<>();
        Settings.ALL.forEach(setting -> known.put(setting.variable(), setting));
        List<Source> sources = new ArrayList<>();
        new TreeMap<>(variables).forEach((name, value) -> {
            if (!name.startsWith(Setting.ENVIRONMENT_PREFIX) || OTHERS.contains(name) || value.isBlank()
                    || fromKubernetes(name, value)) {
                return;
            }
            Setting<?> setting = known.get(name);
            if (setting == null) {
                Stream<String> names = Stream.concat(known.keySet().stream(), OTHERS.stream());
                faults.add(new Fault(name, null, "no such variable; " + Flags.meant(Nearest.to(name, names))));
            } else {
                sources.add(new Source(setting, name, value.strip()));
            }
        });
        return sources;
    }

    // Kubernetes sets these in every pod beside a Service named "fetchback"; they are not meant for us.
    private static boolean fromKubernetes(String name, String value) {
        return name.startsWith("FETCHBACK_SERVICE_")
                || name.startsWith("FETCHBACK_PORT_")
                || name.equals("FETCHBACK_PORT") && value.startsWith("tcp://");
    }
}
