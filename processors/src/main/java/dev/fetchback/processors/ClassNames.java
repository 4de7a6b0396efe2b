package dev.fetchback.processors;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jsoup.nodes.Element;

/** What the words in class and id say of an element, as Readability reads them. */
final class ClassNames {
    /** Of what is no content, and of what may be; a word of the second saves from the first. */
    private static final Pattern UNLIKELY = Pattern.compile("-ad-|\\bads?\\b|ai2html|banner|breadcrumb|combx|comment|community|consent|cookie"
            + "|cover-wrap|disqus|extra|footer|footnotes?-back|gdpr|header|legends|menu|modal|navbar|newsletter|outbrain|pager|pagination"
            + "|popup|promo|recommend|related|remark|replies|rss|share|shoutbox|sidebar|skyscraper|social|sponsor|subscribe|supplemental"
            + "|taboola|toolbar|tooltip|widget|yom-remote");
    private static final Pattern MAYBE = Pattern.compile("and|article|body|column|content|main|mathjax|shadow|text|entry|post");
    private static final Pattern POSITIVE = Pattern.compile(
            "article|body|content|entry|hentry|h-entry|main|page|post|text|blog|story|prose|markdown");
    private static final Pattern NEGATIVE = Pattern.compile("-ad-|hidden|^hid$| hid$| hid |^hid |banner|combx|comment|com-|contact|cookie|footer"
            + "|gdpr|masthead|media|meta|outbrain|promo|related|scroll|share|shoutbox|sidebar|skyscraper|social|sponsor|shopping|tags|widget");
    private static final int WEIGHT = 25;
    /** They are looked at so far. */
    private static final int LENGTH_MAX = 400;

    private ClassNames() {}

    /** Both in lower case. */
    static String of(Element element) {
        return element.attributesSize() == 0 ? "" : (lower(element.className()) + ' ' + lower(element.id())).strip();
    }

    /** Whether they name something beside the content. */
    static boolean areUnlikely(Element element) {
        String names = of(element);
        return !names.isEmpty() && UNLIKELY.matcher(names).find() && !MAYBE.matcher(names).find();
    }

    /** What they say for or against it. */
    static int weight(Element element) {
        return element.attributesSize() == 0 ? 0 : weight(lower(element.className())) + weight(lower(element.id()));
    }

    private static int weight(String name) {
        if (name.isEmpty()) {
            return 0;
        }
        return (POSITIVE.matcher(name).find() ? WEIGHT : 0) - (NEGATIVE.matcher(name).find() ? WEIGHT : 0);
    }

    private static String lower(String name) {
        return (name.length() > LENGTH_MAX ? name.substring(0, LENGTH_MAX) : name).toLowerCase(Locale.ROOT);
    }
}
