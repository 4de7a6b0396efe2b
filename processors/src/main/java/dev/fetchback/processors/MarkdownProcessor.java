package dev.fetchback.processors;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** {@code markdown}: a page, or what it is about, as Markdown. */
public final class MarkdownProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML);
    private static final Option<Boolean> MAIN = Option.flag("main", false);
    private static final Option<Boolean> LINKS = Option.flag("links", true);
    private static final Option<Boolean> IMAGES = Option.flag("images", true);

    @Override
    public String name() {
        return "markdown";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(MAIN, LINKS, IMAGES);
    }

    @Override
    public Job job(Options options) {
        boolean main = options.get(MAIN);
        boolean links = options.get(LINKS);
        boolean images = options.get(IMAGES);
        return page -> {
            ParsedPage parsed = ParsedPage.of(page, name(), READS);
            MarkdownWalk walk = new MarkdownWalk(parsed.base(), links, images);
            try {
                return main ? main(parsed, walk) : walk.walk(parsed.document().body());
            } catch (MarkdownLines.Full full) {
                throw new UnfitPage(String.valueOf(full.getMessage()));
            }
        };
    }

    private static String main(ParsedPage page, MarkdownWalk walk) throws UnfitPage {
        Content content = Content.of(page.document());
        String title = content.first("h1") == null ? new ArticleFacts(page).title() : null;
        if (title != null) {
            walk.title(title);
        }
        return walk.walk(content);
    }
}
