package dev.fetchback.server.config;

import dev.fetchback.task.Nearest;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the arguments of a command that takes settings: {@code --name value}, {@code --name=value}, a bare switch. */
final class Flags {
    static final String CONFIG = "--config";

    private final Map<String, Setting<?>> known = new HashMap<>();
    private final List<Fault> faults;
    private final Map<String, String> values = new HashMap<>();

    Flags(List<String> arguments, List<Fault> faults) {
        this.faults = faults;
        Settings.ALL.forEach(setting -> known.put(setting.flag(), setting));
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (!recognised(name, argument)) {
                // A value that follows an unknown flag belongs to it, and is not worth a complaint of its own.
                boolean value = equals < 0 && name.startsWith("--") && i + 1 < arguments.size()
                        && !arguments.get(i + 1).startsWith("-");
                i += value ? 1 : 0;
                continue;
            }
            Setting<?> setting = known.get(name);
            if (equals >= 0) {
                put(name, argument.substring(equals + 1));
            } else if (setting != null && setting.kind().argument().isEmpty()) {
                put(name, "true");
            } else if (i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("--")) {
                i++;
                put(name, arguments.get(i));
            } else {
                String allowed = setting == null ? "the path of a YAML file" : setting.kind().allowed();
                faults.add(new Fault(name, null, "has no value; give " + allowed));
            }
        }
    }

    private boolean recognised(String name, String argument) {
        if (!name.startsWith("--")) {
            faults.add(new Fault("command line", argument, "is not a flag; flags begin with --"));
            return false;
        }
        Setting<?> setting = known.get(name);
        if (setting != null && setting.secret()) {
            faults.add(new Fault(name, null, "a secret is never a flag, as others can see flags; set " + setting.variable()));
            return false;
        }
        if (setting == null && !name.equals(CONFIG)) {
            Stream<String> flags = known.values().stream().filter(one -> !one.secret()).map(Setting::flag);
            faults.add(new Fault(name, null, "no such flag; "
                    + meant(Nearest.to(name, Stream.concat(flags, Stream.of(CONFIG))))));
            return false;
        }
        return true;
    }

    static String meant(Optional<String> nearest) {
        return nearest.map(name -> "did you mean " + name + "?").orElse("fetchback serve --help lists them");
    }

    private void put(String name, String value) {
        if (values.put(name, value.strip()) != null) {
            faults.add(new Fault(name, null, "is given twice; give it once"));
        }
    }

    /** The settings among the flags. */
    List<Source> sources() {
        List<Source> sources = new ArrayList<>();
        for (Setting<?> setting : Settings.ALL) {
            String value = values.get(setting.flag());
            if (value != null) {
                sources.add(new Source(setting, setting.flag(), value));
            }
        }
        return sources;
    }

    /** The file that {@code --config} names. */
    Optional<Path> config() {
        try {
            return Optional.ofNullable(values.get(CONFIG)).map(Path::of);
        } catch (InvalidPathException e) {
            faults.add(new Fault(CONFIG, values.get(CONFIG), "is not a path: " + e.getReason()));
            return Optional.empty();
        }
    }
}
