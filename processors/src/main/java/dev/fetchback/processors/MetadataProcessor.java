package dev.fetchback.processors;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** {@code metadata}: what a page says of itself for machines. */
public final class MetadataProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML);

    private static final Option<Boolean> JSON_LD = Option.flag("json_ld", true);

    @Override
    public String name() {
        return "metadata";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(JSON_LD);
    }

    @Override
    public Job job(Options options) {
        boolean jsonLd = options.get(JSON_LD);
        return page -> new Metadata(ParsedPage.of(page, name(), READS)).all(jsonLd);
    }
}
