package dev.fetchback.processors;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code text}: what a reader sees, as lines. */
public final class TextProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML, Kind.XML, Kind.TEXT);
    private static final Option<@Nullable Integer> MAX_CHARS = Option.limit("max_chars", 100_000_000);

    @Override
    public String name() {
        return "text";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(MAX_CHARS);
    }

    @Override
    public Job job(Options options) {
        Integer max = options.get(MAX_CHARS);
        return page -> Lines.of(ParsedPage.of(page, name(), READS).document(), max == null ? Integer.MAX_VALUE : max);
    }
}
