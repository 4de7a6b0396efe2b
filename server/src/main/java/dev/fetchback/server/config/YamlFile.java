package dev.fetchback.server.config;

import dev.fetchback.task.Nearest;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads {@code fetchback.yaml}. Names may be whole ({@code fetch-concurrency: 9}), dotted ({@code fetch.concurrency: 9}) or
 * grouped ({@code fetch: {concurrency: 9}}). Works on the tree of nodes, so that every complaint has its line and values stay as
 * written.
 */
final class YamlFile {
    private static final long SIZE_MAX = 1 << 20; // a configuration of a megabyte is a mistake
    private static final int DEPTH_MAX = 5; // no name has more parts; also ends a tree that holds itself

    private final Map<String, Setting<?>> known = new HashMap<>();
    private final Map<String, String> seen = new HashMap<>();
    private final List<Source> sources = new ArrayList<>();
    private final String shown;
    private final List<Fault> faults;

    private YamlFile(String shown, List<Fault> faults) {
        this.shown = shown;
        this.faults = faults;
        Settings.ALL.forEach(setting -> known.put(setting.name(), setting));
    }

    /** The settings in {@code file}, which is shown as {@code shown}. */
    static List<Source> read(Path file, String shown, List<Fault> faults) {
        YamlFile yaml = new YamlFile(shown, faults);
        try {
            if (Files.size(file) > SIZE_MAX) {
                faults.add(new Fault(shown, null, "is larger than 1 MiB; is it the right file?"));
                return List.of();
            }
            yaml.compose(Files.readString(file));
        } catch (CharacterCodingException e) {
            faults.add(new Fault(shown, null, "is not UTF-8; save it as UTF-8"));
        } catch (IOException e) {
            faults.add(new Fault(shown, null, "cannot be read: "
                    + (Files.exists(file) ? "check its permissions" : "there is no such file")));
        }
        return yaml.sources;
    }

    private void compose(String text) {
        try {
            Compose compose = new Compose(LoadSettings.builder().setLabel(shown).build());
            Optional<Node> root = compose.composeString(text);
            if (root.isEmpty()) {
                return;
            }
            if (root.get() instanceof MappingNode mapping) {
                walk("", mapping, 1);
            } else {
                faults.add(new Fault(at(root.get()), null, "is not a list of settings; write name: value lines"));
            }
        } catch (MarkedYamlEngineException e) {
            String where = e.getProblemMark().map(mark -> shown + ":" + (mark.getLine() + 1)).orElse(shown);
            faults.add(new Fault(where, null, "is not YAML: " + e.getProblem()));
        } catch (YamlEngineException e) {
            faults.add(new Fault(shown, null, "is not YAML: " + firstLine(e.getMessage())));
        }
    }

    private void walk(String prefix, MappingNode mapping, int depth) {
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key) || depth > DEPTH_MAX) {
                faults.add(new Fault(at(tuple.getKeyNode()), null, "is not a name of a setting"));
                continue;
            }
            String written = prefix + key.getValue();
            String name = written.replace('.', '-');
            Setting<?> setting = known.get(name);
            if (tuple.getValueNode() instanceof MappingNode inner && setting == null && isGroup(name)) {
                walk(written + ".", inner, depth + 1);
            } else if (first(name, written, key)) {
                add(setting, at(key) + " " + written, name, tuple.getValueNode());
            }
        }
    }

    // A group may be opened again in another spelling, but a setting has one value.
    private boolean first(String name, String written, Node key) {
        String before = seen.putIfAbsent(name, at(key));
        if (before != null) {
            faults.add(new Fault(at(key) + " " + written, null, "is given twice, first at " + before + "; give it once"));
        }
        return before == null;
    }

    private boolean isGroup(String name) {
        return known.keySet().stream().anyMatch(one -> one.startsWith(name + "-"));
    }

    private void add(@org.jspecify.annotations.Nullable Setting<?> setting, String where, String name, Node value) {
        if (setting == null) {
            faults.add(new Fault(where, null, "no such setting; " + Flags.meant(Nearest.to(name, known.keySet().stream()))));
        } else if (setting.secret()) {
            faults.add(new Fault(where, null, "a secret is not kept in this file; set " + setting.variable()));
        } else {
            String between = setting.kind().between();
            Optional<String> text = between.equals(Kind.MAPPING) ? YamlTree.line(value) : text(value, between);
            if (text.isEmpty()) {
                faults.add(new Fault(where, null, "has no value that can be used; allowed: " + setting.kind().allowed()));
            } else {
                sources.add(new Source(setting, where, text.get()));
            }
        }
    }

    /** A scalar as written, or a list of items with {@code between} between; empty for anything else and for nothing. */
    private static Optional<String> text(Node value, String between) {
        return switch (value) {
            case ScalarNode scalar when !scalar.getValue().isBlank() -> Optional.of(scalar.getValue().strip());
            case SequenceNode list -> joined(list.getValue().stream().map(item -> item(item, between)).toList(), between);
            default -> Optional.empty();
        };
    }

    private static Optional<String> item(Node item, String between) {
        return switch (item) {
            case ScalarNode scalar when between.equals(",") || !scalar.getValue().contains(between) -> text(scalar, between);
            case MappingNode policy when between.equals(FetchPolicy.BETWEEN) ->
                joined(policy.getValue().stream().map(YamlFile::word).toList(), " ");
            default -> Optional.empty();
        };
    }

    /** A part of a policy as it stands in one line: the hosts alone, all else behind its key. */
    private static Optional<String> word(NodeTuple tuple) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            return Optional.empty();
        }
        boolean hosts = key.getValue().equals("hosts");
        return text(tuple.getValueNode(), ",")
                .filter(text -> text.indexOf(';') < 0 && text.indexOf('=') < 0 && (hosts || !text.matches(".*[\\s,].*")))
                .map(text -> hosts ? text : key.getValue() + "=" + text);
    }

    private static Optional<String> joined(List<Optional<String>> parts, String between) {
        boolean whole = !parts.isEmpty() && parts.stream().allMatch(Optional::isPresent);
        return whole ? Optional.of(String.join(between, parts.stream().flatMap(Optional::stream).toList())) : Optional.empty();
    }

    private String at(Node node) {
        return shown + node.getStartMark().map(Mark::getLine).map(line -> ":" + (line + 1)).orElse("");
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
