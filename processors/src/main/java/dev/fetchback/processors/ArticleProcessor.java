package dev.fetchback.processors;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code article}: what a page is about, without what stands around it. */
public final class ArticleProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML);
    private static final Option<Boolean> HTML = Option.flag("html", true);
    private static final Option<Boolean> IMAGES = Option.flag("images", true);

    @Override
    public String name() {
        return "article";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(HTML, IMAGES);
    }

    @Override
    public Job job(Options options) {
        boolean html = options.get(HTML);
        boolean images = options.get(IMAGES);
        return page -> article(ParsedPage.of(page, name(), READS), html, images);
    }

    private static Map<String, Object> article(ParsedPage page, boolean html, boolean images) throws UnfitPage {
        Content content = Content.of(page.document());
        String text = Lines.of(content);
        ArticleFacts facts = new ArticleFacts(page);
        Map<String, Object> article = new LinkedHashMap<>();
        put(article, "title", facts.title());
        put(article, "byline", facts.byline());
        put(article, "published", facts.published());
        put(article, "language", facts.language());
        put(article, "site_name", facts.siteName());
        put(article, "excerpt", facts.excerpt(text));
        article.put("text", text);
        if (html) {
            article.put("html", SafeHtml.of(content, page.base(), images));
        }
        article.put("length", text.length());
        return article;
    }

    private static void put(Map<String, Object> to, String key, @Nullable String value) {
        if (value != null) {
            to.put(key, value);
        }
    }
}
