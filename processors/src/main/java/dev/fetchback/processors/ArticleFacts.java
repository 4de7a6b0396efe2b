package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/** What a page says of its article: in its JSON-LD first, then in its head, then where readers see it. */
final class ArticleFacts {
    private static final int FACT_MAX = 1_000;
    private static final int BYLINE_MAX = 200;
    private static final int EXCERPT_MAX = 300;
    /** Shorter lines are headings and dates. */
    private static final int EXCERPT_MIN = 40;
    private static final int GRAPH_MAX = 200;
    private static final int AUTHORS_MAX = 20;
    private static final int HEADINGS_MAX = 50;

    private static final Pattern ARTICLE = Pattern.compile("(?:\\w*Article|\\w*Posting|Report|Recipe|HowTo|Review|WebPage|Product)");
    private static final Pattern BEFORE_NAME = Pattern.compile(
            "^(?:(?:(?:written|posted|published|reported|words|text|story|photos?|photographs?|photography|pictures|illustrations|and|&) )"
                    + "{0,5}by|von|par|por|di|door)\\s+", Pattern.CASE_INSENSITIVE);
    private static final Pattern DATE = Pattern.compile("\\d{4}-?\\d{2}.*|.*\\b\\d{4}\\b.*");
    private static final Pattern SEPARATOR = Pattern.compile("\\s+[|\\-–—/»·:•]\\s+|\\s*\\|\\s*|:\\s+");
    private static final List<String> DATES = List.of("article:published_time", "og:published_time", "datepublished", "date", "pubdate",
            "publishdate", "publish-date", "parsely-pub-date", "dc.date", "dc.date.issued", "dcterms.created", "sailthru.date");
    private static final String BYLINES =
            "[rel=author], [itemprop=author] [itemprop=name], [itemprop=author], .byline, .p-author, .author-name, .post-author, .author";

    private final Document document;
    private final Metadata metadata;
    private final Map<?, ?> said;

    ArticleFacts(ParsedPage page) {
        document = page.document();
        metadata = new Metadata(page);
        said = said(metadata.jsonLd());
    }

    @Nullable String title() {
        String headline = line(said.get("headline"), FACT_MAX);
        String title = headline != null ? headline : firstOf(metadata.openGraph("title"), metadata.named("twitter:title"), metadata.title());
        String shown = heading(title);
        if (title == null) {
            return shown.isEmpty() ? null : shown;
        }
        return withoutSite(title, shown);
    }

    /**
     * The longest heading that the title has in it, as sites put their name into one, too: between separators, one of the highest
     * anywhere. Else the first of the highest.
     */
    private String heading(@Nullable String title) {
        String longest = "";
        String first = "";
        String site = siteName();
        for (Element heading : document.select("h1, h2, h3").stream().limit(HEADINGS_MAX).toList()) {
            String text = text(heading);
            boolean highest = heading.normalName().equals("h1");
            first = first.isEmpty() && highest ? text : first;
            if (title != null && text.length() > longest.length() && !text.equalsIgnoreCase(site)
                    && (highest ? contains(title, text) : isPart(title, text))) {
                longest = text;
            }
        }
        return longest.isEmpty() ? first : longest;
    }

    private static String text(Element heading) {
        StringBuilder text = new StringBuilder();
        heading.filter((NodeFilter) (Node node, int depth) -> {
            if (node instanceof TextNode piece) {
                text.append(piece.getWholeText());
            } else if (node instanceof Element element && (Shown.isHidden(element) || Shown.isPermalink(element))) {
                return NodeFilter.FilterResult.SKIP_ENTIRELY;
            } else {
                text.append(node.nameIs("br") ? " " : "");
            }
            return text.length() > FACT_MAX ? NodeFilter.FilterResult.STOP : NodeFilter.FilterResult.CONTINUE;
        });
        return Texts.squeezed(text.toString(), FACT_MAX);
    }

    private static boolean contains(String title, String part) {
        return title.toLowerCase(Locale.ROOT).contains(part.toLowerCase(Locale.ROOT));
    }

    /** Whether it stands between separators or the title's ends. */
    private static boolean isPart(String title, String part) {
        List<MatchResult> separators = SEPARATOR.matcher(title).results().toList();
        IntPredicate ends = end -> end == title.length() || separators.stream().anyMatch(separator -> separator.start() == end);
        return IntStream.concat(IntStream.of(0), separators.stream().mapToInt(MatchResult::end))
                .anyMatch(start -> title.regionMatches(true, start, part, 0, part.length()) && ends.test(start + part.length()));
    }

    /** Titles end or begin with the site's name, which the heading does not. */
    private String withoutSite(String title, String heading) {
        if (heading.length() > 3 && !heading.equals(title) && contains(title, heading)) {
            return heading;
        }
        String site = siteName();
        String[] parts = SEPARATOR.split(title, 10);
        if (site == null || parts.length < 2) {
            return title;
        }
        String last = parts[parts.length - 1];
        if (last.equalsIgnoreCase(site)) {
            return title.substring(0, title.length() - last.length()).replaceAll("[\\s|\\-–—/»·:•]+$", "");
        }
        return parts[0].equalsIgnoreCase(site) ? title.substring(site.length()).replaceAll("^[\\s|\\-–—/»·:•]+", "") : title;
    }

    @Nullable String byline() {
        List<String> names = new ArrayList<>();
        names(said.get("author"), names);
        String byline = names.isEmpty() ? firstOf(metadata.named("author"), metadata.named("dc.creator"), metadata.named("parsely-author"))
                : String.join(", ", names);
        String property = metadata.openGraph("article:author");
        if (byline == null && property != null && !property.startsWith("http")) {
            byline = property;
        }
        Element shown = byline == null ? first(BYLINES) : null;
        if (shown != null) {
            String text = Texts.squeezed(Lines.of(shown, BYLINE_MAX + 1), BYLINE_MAX + 1);
            byline = text.length() <= BYLINE_MAX ? text : null;
        }
        String name = byline == null ? "" : BEFORE_NAME.matcher(byline).replaceFirst("").strip();
        return name.isEmpty() ? null : name;
    }

    /** As the page gives it. */
    @Nullable String published() {
        String date = line(said.get("datePublished"), 100);
        for (String name : DATES) {
            if (date == null) {
                date = name.startsWith("article:") ? metadata.openGraph(name)
                        : name.startsWith("og:") ? metadata.openGraph(name.substring(3)) : metadata.named(name);
            }
        }
        Element time = date == null ? first("time[itemprop=datePublished], time[pubdate], [itemprop=datePublished], article time[datetime], time[datetime]") : null;
        if (time != null) {
            String given = time.hasAttr("datetime") ? time.attr("datetime") : time.hasAttr("content") ? time.attr("content") : time.text();
            date = Texts.squeezed(given, 100);
        }
        return date != null && DATE.matcher(date).matches() ? date : null;
    }

    @Nullable String language() {
        String said = metadata.language();
        String locale = metadata.openGraph("locale");
        return said != null ? said : locale == null ? null : locale.replace('_', '-');
    }

    @Nullable String siteName() {
        String site = metadata.openGraph("site_name");
        if (site == null && said.get("publisher") instanceof Map<?, ?> publisher) {
            site = line(publisher.get("name"), FACT_MAX);
        }
        return site != null ? site : metadata.named("application-name");
    }

    /** What the page says it is about, else how its text begins. */
    @Nullable String excerpt(String text) {
        String said = firstOf(metadata.named("description"), metadata.openGraph("description"), metadata.named("twitter:description"));
        if (said != null) {
            return said;
        }
        return text.lines().filter(line -> line.length() >= EXCERPT_MIN).findFirst().map(line -> Texts.squeezed(line, EXCERPT_MAX)).orElse(null);
    }

    private @Nullable Element first(String css) {
        return document.selectFirst(css);
    }

    private static @Nullable String firstOf(@Nullable String... values) {
        for (String value : values) {
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private static @Nullable String line(@Nullable Object value, int max) {
        Object one = value instanceof List<?> several && !several.isEmpty() ? several.getFirst() : value;
        String line = one instanceof String text ? Texts.squeezed(org.jsoup.parser.Parser.unescapeEntities(text, false), max) : "";
        return line.isEmpty() ? null : line;
    }

    private static void names(@Nullable Object author, List<String> names) {
        if (names.size() >= AUTHORS_MAX) {
            return;
        }
        if (author instanceof List<?> several) {
            several.forEach(one -> names(one, names));
        } else {
            String name = line(author instanceof Map<?, ?> person ? person.get("name") : author, BYLINE_MAX);
            if (name != null && !name.startsWith("http")) {
                names.add(name);
            }
        }
    }

    /** The object that tells of the article; an empty one when there is none. */
    private static Map<?, ?> said(List<Object> jsonLd) {
        Map<?, ?> page = Map.of();
        List<Object> open = new ArrayList<>(jsonLd);
        for (int i = 0; i < open.size() && i < GRAPH_MAX; i++) {
            Object one = open.get(i);
            if (one instanceof List<?> several) {
                open.addAll(several);
            } else if (one instanceof Map<?, ?> object) {
                Object graph = object.get("@graph");
                if (graph != null) {
                    open.add(graph);
                }
                String type = line(object.get("@type"), 100);
                if (type != null && ARTICLE.matcher(type).matches()) {
                    if (!type.equals("WebPage")) {
                        return object;
                    }
                    page = object;
                }
            }
        }
        return page;
    }
}
