package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;

/** {@code links}: where a page's links go, each URL once, in the order of the page. */
public final class LinksProcessor implements BuiltIn {
    private static final Set<Kind> READS = EnumSet.of(Kind.HTML, Kind.XML);
    /** Of one link's text; more describes a page, not a link. */
    private static final int TEXT_MAX = 500;
    /** Of one link; others are made up. */
    private static final int RELS_MAX = 16;

    private static final Option<Integer> MAX = Option.count("max", 10_000, 1, 100_000);
    private static final Option<String> HOSTS = Option.choice("hosts", "all", "same", "other");
    private static final Option<Boolean> MAILTO = Option.flag("mailto", false);
    private static final Option<Boolean> FRAGMENTS = Option.flag("fragments", false);

    @Override
    public String name() {
        return "links";
    }

    @Override
    public List<Option<?>> options() {
        return List.of(MAX, HOSTS, MAILTO, FRAGMENTS);
    }

    @Override
    public Job job(Options options) {
        return page -> new Search(ParsedPage.of(page, name(), READS), page.facts().finalUrl(), options).links();
    }

    /** One page's links. */
    private static final class Search implements NodeFilter {
        private final ParsedPage page;
        private final String host;
        private final int max;
        private final String hosts;
        private final boolean mailto;
        private final boolean fragments;
        private final Map<String, Map<String, Object>> links = new LinkedHashMap<>();

        private Search(ParsedPage page, String url, Options options) {
            this.page = page;
            host = BaseUrl.split(url).host();
            max = options.get(MAX);
            hosts = options.get(HOSTS);
            mailto = options.get(MAILTO);
            fragments = options.get(FRAGMENTS);
        }

        private List<Map<String, Object>> links() {
            page.document().filter(this);
            return List.copyOf(links.values());
        }

        @Override
        public FilterResult head(Node node, int depth) {
            if (node instanceof Element element && (element.normalName().equals("a") || element.normalName().equals("area"))
                    && element.hasAttr("href")) {
                add(element);
            }
            if (links.size() >= max) {
                return FilterResult.STOP;
            }
            return node instanceof Element element && BaseUrl.isTemplate(element) ? FilterResult.SKIP_CHILDREN : FilterResult.CONTINUE;
        }

        private void add(Element element) {
            String href = element.attr("href");
            String url = !fragments && href.startsWith("#") ? null : page.base().resolve(href);
            if (url == null) {
                return;
            }
            String kept = fragments ? url : BaseUrl.fragmentless(url);
            Map<String, Object> first = links.get(kept);
            if (first != null) {
                if ("".equals(first.get("text"))) {
                    first.put("text", text(element)); // an image came first
                }
                return;
            }
            if (!isWanted(kept)) {
                return;
            }
            Map<String, Object> link = new LinkedHashMap<>();
            link.put("url", kept);
            link.put("text", text(element));
            List<String> rel = rel(element.attr("rel"));
            if (!rel.isEmpty()) {
                link.put("rel", rel);
            }
            links.put(kept, link);
        }

        private boolean isWanted(String url) {
            if (url.startsWith("mailto:")) {
                return mailto;
            }
            return hosts.equals("all") || hosts.equals("same") == BaseUrl.split(url).host().equalsIgnoreCase(host);
        }

        private static List<String> rel(String rel) {
            List<String> words = new ArrayList<>();
            StringTokenizer tokens = new StringTokenizer(rel.toLowerCase(Locale.ROOT), " \t\r\n\f"); // HTML's white space
            while (tokens.hasMoreTokens() && words.size() < RELS_MAX) {
                words.add(tokens.nextToken());
            }
            return words;
        }

        /** What stands in the link; what it says for those who do not see when nothing does. */
        private static String text(Element link) {
            String shown = Texts.squeezed(Lines.of(link, TEXT_MAX), TEXT_MAX);
            if (!shown.isEmpty()) {
                return shown;
            }
            for (String name : List.of("aria-label", "title", "alt")) {
                String said = Texts.squeezed(link.attr(name), TEXT_MAX);
                if (!said.isEmpty()) {
                    return said;
                }
            }
            Element image = link.selectFirst("img[alt]");
            return image == null ? "" : Texts.squeezed(image.attr("alt"), TEXT_MAX);
        }
    }
}
