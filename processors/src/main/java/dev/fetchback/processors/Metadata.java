package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;
import org.jsoup.parser.Parser;

/** What one page says of itself in its head. */
final class Metadata {
    /** Of one value; longer ones are cut. */
    private static final int VALUE_MAX = 10_000;
    /** Of a name. */
    private static final int KEY_MAX = 100;
    /** Of one kind; more are made up. */
    private static final int COUNT_MAX = 500;
    private static final int JSON_LD_CHARS_MAX = 2_000_000;

    private static final Set<String> FEEDS = Set.of("application/rss+xml", "application/atom+xml", "application/feed+json",
            "application/rdf+xml");
    private static final Set<String> ICONS = Set.of("icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon");

    private final ParsedPage page;
    private final Map<String, List<String>> names = new LinkedHashMap<>();
    private final Map<String, List<String>> openGraph = new LinkedHashMap<>();
    private final Map<String, List<String>> twitter = new LinkedHashMap<>();
    private final List<Map<String, Object>> feeds = new ArrayList<>();
    private final List<Map<String, Object>> icons = new ArrayList<>();
    private final Map<String, List<String>> alternates = new LinkedHashMap<>();
    private @Nullable String canonical;
    private int unread;

    Metadata(ParsedPage page) {
        this.page = page;
        page.document().getElementsByTag("meta").forEach(this::meta);
        page.document().getElementsByTag("link").forEach(this::link);
    }

    /** What a {@code meta} of this name says; null when there is none. */
    @Nullable String named(String name) {
        return first(names.get(name));
    }

    /** What an Open Graph property says, the first of several; null when there is none. */
    @Nullable String openGraph(String property) {
        return first(openGraph.get(property));
    }

    /** The page's own title; null when it has none. */
    @Nullable String title() {
        for (Element title : page.document().getElementsByTag("title")) {
            if (title.tag().namespace().equals(Parser.NamespaceHtml)) { // pictures have titles, too
                return filled(Texts.squeezed(title.text(), VALUE_MAX));
            }
        }
        return null;
    }

    /** The language that the page says it is in, as a BCP 47 tag; null when it does not. */
    @Nullable String language() {
        Element html = page.document().selectFirst("html");
        String said = html == null ? "" : html.hasAttr("lang") ? html.attr("lang") : html.attr("xml:lang");
        return said.isBlank() ? named("content-language") : filled(Texts.squeezed(said, KEY_MAX));
    }

    Map<String, Object> all(boolean withJsonLd) {
        Map<String, Object> all = new LinkedHashMap<>();
        put(all, "title", title());
        put(all, "description", named("description"));
        put(all, "canonical", canonical);
        put(all, "language", language());
        all.put("encoding", page.encoding().name());
        put(all, "author", named("author"));
        put(all, "keywords", named("keywords"));
        put(all, "robots", named("robots"));
        put(all, "generator", named("generator"));
        putAll(all, "open_graph", openGraph);
        putAll(all, "twitter", twitter);
        putAll(all, "alternates", alternates);
        if (!feeds.isEmpty()) {
            all.put("feeds", feeds);
        }
        if (!icons.isEmpty()) {
            all.put("icons", icons);
        }
        if (withJsonLd) {
            List<Object> read = jsonLd();
            if (!read.isEmpty()) {
                all.put("json_ld", read);
            }
            if (unread > 0) {
                all.put("json_ld_unread", unread);
            }
        }
        return all;
    }

    /** The values of the page's JSON-LD scripts; those that cannot be read are left out, and counted. */
    List<Object> jsonLd() {
        List<Object> read = new ArrayList<>();
        int left = JSON_LD_CHARS_MAX;
        unread = 0;
        for (Element script : page.document().getElementsByTag("script")) {
            String type = script.attr("type").split(";", 2)[0].strip();
            if (type.equalsIgnoreCase("application/ld+json")) {
                String json = script.data();
                left -= Math.min(left, json.length());
                Object value = left == 0 || read.size() == COUNT_MAX ? null : JsonLd.read(json);
                if (value == null) {
                    unread++;
                } else {
                    read.add(value);
                }
            }
        }
        return read;
    }

    private void meta(Element meta) {
        String content = Texts.squeezed(meta.attr("content"), VALUE_MAX);
        if (content.isEmpty()) {
            return;
        }
        String property = key(meta.attr("property"));
        String name = key(meta.hasAttr("name") ? meta.attr("name") : meta.attr("itemprop"));
        for (String key : property.isEmpty() || property.equals(name) ? List.of(name) : List.of(property, name)) {
            if (isOpenGraph(key)) {
                add(openGraph, key.startsWith("og:") ? key.substring("og:".length()) : key, content);
            } else if (key.startsWith("twitter:")) {
                add(twitter, key.substring("twitter:".length()), content);
            } else if (!key.isEmpty()) {
                add(names, key, content);
            }
        }
        if (meta.hasAttr("http-equiv")) {
            add(names, key(meta.attr("http-equiv")), content);
        }
    }

    private static boolean isOpenGraph(String key) {
        return key.startsWith("og:") || key.startsWith("article:") || key.startsWith("book:") || key.startsWith("profile:")
                || key.startsWith("product:") || key.startsWith("video:") || key.startsWith("music:");
    }

    private void link(Element link) {
        String url = page.base().resolve(link.attr("href"));
        if (url == null || link.attr("href").isBlank()) {
            return;
        }
        List<String> rels = List.of(link.attr("rel").strip().toLowerCase(Locale.ROOT).split("\\s+", 16));
        String type = link.attr("type").strip().toLowerCase(Locale.ROOT);
        if (rels.contains("canonical") && canonical == null) {
            canonical = url;
        }
        if (rels.contains("alternate") && FEEDS.contains(type) && feeds.size() < COUNT_MAX) {
            feeds.add(described(url, link, "type", "title"));
        } else if (rels.contains("alternate") && link.hasAttr("hreflang")) {
            add(alternates, key(link.attr("hreflang")), url);
        }
        if (rels.stream().anyMatch(ICONS::contains) && icons.size() < COUNT_MAX) {
            icons.add(described(url, link, "rel", "sizes", "type"));
        }
    }

    private static Map<String, Object> described(String url, Element link, String... attributes) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("url", url);
        for (String attribute : attributes) {
            put(described, attribute, filled(Texts.squeezed(link.attr(attribute), VALUE_MAX)));
        }
        return described;
    }

    private static void add(Map<String, List<String>> to, String key, String value) {
        List<String> values = to.size() < COUNT_MAX ? to.computeIfAbsent(key, none -> new ArrayList<>()) : to.get(key);
        if (values != null && values.size() < COUNT_MAX) {
            values.add(value);
        }
    }

    private static @Nullable String first(@Nullable List<String> values) {
        return values == null ? null : values.getFirst();
    }

    private static String key(String name) {
        return Texts.squeezed(name, KEY_MAX).toLowerCase(Locale.ROOT);
    }

    private static @Nullable String filled(String text) {
        return text.isEmpty() ? null : text;
    }

    private static void put(Map<String, Object> to, String key, @Nullable String value) {
        if (value != null) {
            to.put(key, value);
        }
    }

    /** The value of each name; of a name that comes more than once, the list of its values. */
    private static void putAll(Map<String, Object> to, String key, Map<String, List<String>> values) {
        if (!values.isEmpty()) {
            Map<String, Object> plain = new LinkedHashMap<>();
            values.forEach((name, several) -> plain.put(name, several.size() == 1 ? several.getFirst() : several));
            to.put(key, plain);
        }
    }
}
