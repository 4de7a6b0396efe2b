package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** {@code select}: what CSS selectors find, as texts, attributes, HTML or objects of such. */
public final class SelectProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML, Kind.XML);

    @Override
    public String name() {
        return "select";
    }

    @Override
    public List<Option<?>> options() {
        return Field.OPTIONS;
    }

    @Override
    public Job job(Options options) throws BadOption {
        Field field = Field.of(options, true);
        return page -> new Selection(ParsedPage.of(page, name(), READS)).value(field);
    }
}
