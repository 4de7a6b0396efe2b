package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is to be selected under one name.
 *
 * @param css finds the elements; null for the one in which the search is
 * @param attr the attribute to be taken of each; null for none
 * @param html whether the elements' content is taken as HTML
 * @param list whether all matches are taken, or only the first
 * @param max the most matches of a list
 * @param fields what is to be selected in each match; empty when the match itself is taken
 */
record Field(
        @Nullable Css css, @Nullable String attr, boolean html, boolean list, int max, Map<String, Field> fields) {
    /** Of one processor, with all that are in others: no page has as many. */
    private static final int FIELDS_MAX = 100;
    /** Fields in fields: as deep as records on a page are. */
    private static final int DEPTH_MAX = 8;

    private static final int NAME_MAX = 64;
    private static final int ATTR_MAX = 100;

    private static final Option<@Nullable Css> CSS =
            new Option<>("css", "a CSS selector of at most " + Css.LENGTH_MAX + " characters", null,
                    value -> value instanceof String css && css.length() <= Css.LENGTH_MAX ? Css.of(css) : null);
    private static final Option<@Nullable String> ATTR =
            new Option<>("attr", "an attribute's name of at most " + ATTR_MAX + " characters, such as href or abs:href", null,
                    value -> value instanceof String attr && !attr.isBlank() && attr.length() <= ATTR_MAX && !attr.strip().equals("abs:")
                            ? attr.strip() : null);
    private static final Option<Boolean> HTML = Option.flag("html", false);
    private static final Option<@Nullable Boolean> LIST =
            new Option<>("list", "true or false", null, value -> value instanceof Boolean flag ? flag : null);
    private static final Option<Integer> MAX = Option.count("max", 1_000, 1, 10_000);
    private static final Option<@Nullable Map<?, ?>> FIELDS =
            new Option<>("fields", "an object of 1 to " + FIELDS_MAX + " selectors or objects", null,
                    value -> value instanceof Map<?, ?> map && !map.isEmpty() && map.size() <= FIELDS_MAX ? map : null);

    /** What a task may say of a field, and of the whole. */
    static final List<Option<?>> OPTIONS = List.of(CSS, FIELDS, ATTR, HTML, LIST, MAX);

    /**
     * Reads what a task gave.
     *
     * @param list whether all matches are meant when it does not say
     */
    static Field of(Options options, boolean list) throws BadOption {
        return read(options, list, 1, new int[] {FIELDS_MAX});
    }

    private static Field read(Options options, boolean list, int depth, int[] left) throws BadOption {
        Css css = options.get(CSS);
        Map<?, ?> given = options.get(FIELDS);
        String attr = options.get(ATTR);
        boolean html = options.get(HTML);
        if (css == null && given == null) {
            throw new BadOption("", "needs css, fields or both");
        }
        if (given != null && (attr != null || html) || attr != null && html) {
            throw new BadOption("", "takes one of attr, html and fields, not several");
        }
        Map<String, Field> fields = given == null ? Map.of() : fields(given, depth, left);
        Boolean all = options.get(LIST);
        return new Field(css, attr, html, css != null && (all == null ? list : all), options.get(MAX), fields);
    }

    private static Map<String, Field> fields(Map<?, ?> given, int depth, int[] left) throws BadOption {
        if (depth > DEPTH_MAX) {
            throw new BadOption("/fields", "fields may be " + DEPTH_MAX + " deep");
        }
        left[0] -= given.size();
        if (left[0] < 0) {
            throw new BadOption("/fields", "there may be " + FIELDS_MAX + " fields in all");
        }
        Map<String, Field> fields = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : given.entrySet()) {
            String name = String.valueOf(entry.getKey());
            String pointer = Options.pointer("/fields", name);
            if (name.isBlank() || name.length() > NAME_MAX) {
                throw new BadOption(pointer, "a field's name has 1 to " + NAME_MAX + " characters");
            }
            try {
                fields.put(name, field(entry.getValue(), depth, left));
            } catch (BadOption bad) {
                throw new BadOption(pointer + bad.pointer(), String.valueOf(bad.getMessage()));
            }
        }
        return fields;
    }

    private static Field field(@Nullable Object given, int depth, int[] left) throws BadOption {
        return switch (given) {
            case String css when css.length() <= Css.LENGTH_MAX ->
                    new Field(Css.of(css), null, false, false, 1, Map.of());
            case Map<?, ?> map -> read(Options.read(named(map), OPTIONS), false, depth + 1, left);
            case null, default -> throw new BadOption("", "must be " + CSS.allowed() + ", or an object, not " + Options.shown(given));
        };
    }

    private static Map<String, @Nullable Object> named(Map<?, ?> map) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        map.forEach((name, value) -> named.put(String.valueOf(name), value));
        return named;
    }
}
