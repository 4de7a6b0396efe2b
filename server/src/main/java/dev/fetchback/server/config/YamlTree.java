package dev.fetchback.server.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Values of settings that have a structure: mappings, lists and text, which stays as written. In one line they are YAML's flow style,
 * so that flags and variables can hold them too.
 */
final class YamlTree {
    private static final int DEPTH_MAX = 5; // more than any setting has; also ends a tree that holds itself

    private YamlTree() {}

    /**
     * A mapping in one line, such as <code>{words: [wc, -w]}</code>.
     *
     * @return its values: each a {@link String}, a {@link List} or a {@link Map} of such
     * @throws IllegalArgumentException when it is none, saying why
     */
    static Map<?, ?> mapping(String text) {
        try {
            Optional<Node> root = new Compose(LoadSettings.builder().build()).composeString(text);
            if (root.isPresent() && plain(root.get(), 0) instanceof Map<?, ?> mapping) {
                return mapping;
            }
            throw new IllegalArgumentException("it is no mapping");
        } catch (MarkedYamlEngineException e) {
            throw new IllegalArgumentException("it is not YAML: " + e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new IllegalArgumentException("it is not YAML", e);
        }
    }

    /** In one line; empty for a mapping that has a name twice, and for what is nested too deep. */
    static Optional<String> line(Node node) {
        try {
            return Optional.of(line(plain(node, 0)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Object plain(Node node, int depth) {
        if (depth > DEPTH_MAX) {
            throw new IllegalArgumentException("it is nested too deep");
        }
        return switch (node) {
            case ScalarNode scalar -> scalar.getValue();
            case SequenceNode list -> {
                List<Object> items = new ArrayList<>();
                list.getValue().forEach(item -> items.add(plain(item, depth + 1)));
                yield items;
            }
            case MappingNode mapping -> {
                Map<String, Object> values = new LinkedHashMap<>();
                for (NodeTuple tuple : mapping.getValue()) {
                    if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                        throw new IllegalArgumentException("a name in it is no text");
                    }
                    if (values.put(key.getValue(), plain(tuple.getValueNode(), depth + 1)) != null) {
                        throw new IllegalArgumentException("'" + key.getValue() + "' is given twice");
                    }
                }
                yield values;
            }
            default -> throw new IllegalArgumentException("it is neither text nor a list nor a mapping");
        };
    }

    private static String line(Object value) {
        return switch (value) {
            case Map<?, ?> mapping -> mapping.entrySet().stream().map(e -> line(e.getKey()) + ": " + line(e.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
            case List<?> list -> list.stream().map(YamlTree::line).collect(Collectors.joining(", ", "[", "]"));
            default -> quoted(value.toString());
        };
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (Character.isISOControl(c)) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
