package dev.fetchback.processors;

import com.ibm.icu.text.IDNA;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.parser.Parser;
import org.jsoup.select.NodeFilter;

/** What a page's references are relative to, and how they become URLs: WHATWG URL §4.4 for http, https and mailto. */
final class BaseUrl {
    /** Longer references are no links that anything could follow. */
    private static final int LENGTH_MAX = 8192;

    private static final int PORT_DIGITS = 5;
    private static final int PORT_MAX = 65_535;
    private static final String IN_PATH = "\"<>`{}^";
    private static final String IN_QUERY = "\"<>'";
    private static final String IN_FRAGMENT = "\"<>`";
    private static final String FORBIDDEN_IN_HOST = " \t\"#%/<>?\\^`{|}";

    private final String scheme;
    private final String authority;
    private final String path;
    private final String query;

    private BaseUrl(String scheme, String authority, String path, String query) {
        this.scheme = scheme;
        this.authority = authority;
        this.path = path;
        this.query = query;
    }

    /** That of a page: its own URL, or what its first {@code base} says. */
    static BaseUrl of(String url, Document document) {
        BaseUrl own = split(url);
        Element base = base(document);
        String said = base == null ? null : own.resolve(base.attr("href"));
        return said == null || !said.startsWith("http") ? own : split(said);
    }

    private static @Nullable Element base(Document document) {
        Element[] first = new Element[1];
        document.filter((NodeFilter) (node, depth) -> {
            if (!(node instanceof Element element)) {
                return NodeFilter.FilterResult.CONTINUE;
            }
            if (element.normalName().equals("base") && element.hasAttr("href")) {
                first[0] = element;
                return NodeFilter.FilterResult.STOP;
            }
            return isTemplate(element) ? NodeFilter.FilterResult.SKIP_CHILDREN : NodeFilter.FilterResult.CONTINUE;
        });
        return first[0];
    }

    /** Whether what is in it is no part of the page, but for scripts to copy (WHATWG HTML, "the template element"). */
    static boolean isTemplate(Element element) {
        return element.normalName().equals("template") && element.tag().namespace().equals(Parser.NamespaceHtml);
    }

    /** The host, with the port if it is not the scheme's. */
    String host() {
        return authority.substring(authority.lastIndexOf('@') + 1);
    }

    /** Splits an absolute http or https URL. */
    static BaseUrl split(String url) {
        String rest = fragmentless(url);
        int colon = rest.indexOf(':');
        String scheme = colon < 0 ? "http" : rest.substring(0, colon).toLowerCase(Locale.ROOT);
        int start = rest.startsWith("//", colon + 1) ? colon + 3 : colon + 1;
        int end = end(rest, start);
        String after = rest.substring(end);
        int question = after.indexOf('?');
        String path = question < 0 ? after : after.substring(0, question);
        return new BaseUrl(scheme, rest.substring(start, end), path.isEmpty() ? "/" : path, question < 0 ? "" : after.substring(question));
    }

    /** The URL without what follows {@code #}. */
    static String fragmentless(String url) {
        int hash = url.indexOf('#');
        return hash < 0 ? url : url.substring(0, hash);
    }

    /** The absolute http, https or mailto URL that a reference stands for; null when it stands for none. */
    @Nullable String resolve(String reference) {
        if (reference.length() > LENGTH_MAX) {
            return null;
        }
        String clean = clean(reference);
        int colon = schemeEnd(clean);
        if (colon < 0) {
            return relative(clean);
        }
        String given = clean.substring(0, colon).toLowerCase(Locale.ROOT);
        String rest = clean.substring(colon + 1);
        return switch (given) {
            case "mailto" -> rest.isEmpty() ? null : "mailto:" + encoded(rest, IN_FRAGMENT);
            case "http", "https" -> {
                String slashed = slashes(rest);
                yield given.equals(scheme) && !slashed.startsWith("/") ? relative(rest) : absolute(given, slashed.replaceFirst("^/+", ""));
            }
            default -> null;
        };
    }

    private @Nullable String relative(String reference) {
        String slashed = slashes(reference);
        if (slashed.startsWith("//")) {
            return absolute(scheme, slashed.replaceFirst("^/+", ""));
        }
        String origin = scheme + "://" + authority;
        if (slashed.isEmpty()) {
            return origin + path + query;
        }
        return switch (slashed.charAt(0)) {
            case '/' -> origin + tail(slashed);
            case '?' -> origin + path + tail(slashed);
            case '#' -> origin + path + query + tail(slashed);
            default -> origin + tail(path.substring(0, path.lastIndexOf('/') + 1) + slashed);
        };
    }

    private static @Nullable String absolute(String scheme, String rest) {
        int end = end(rest, 0);
        String authority = authority(scheme, rest.substring(0, end));
        if (authority == null) {
            return null;
        }
        String tail = tail(rest.substring(end));
        return scheme + "://" + authority + (tail.startsWith("/") ? tail : "/" + tail);
    }

    private static @Nullable String authority(String scheme, String given) {
        int at = given.lastIndexOf('@');
        String user = encoded(given.substring(0, at + 1), "\"<>`{}^|");
        String host = given.substring(at + 1).toLowerCase(Locale.ROOT);
        int colon = host.endsWith("]") ? -1 : host.lastIndexOf(':');
        String port = colon < 0 ? "" : host.substring(colon + 1).replaceFirst("^0+(?=.)", "");
        String name = colon < 0 ? host : host.substring(0, colon);
        if (!isAscii(name)) {
            IDNA.Info info = new IDNA.Info();
            name = IDNA.getUTS46Instance(IDNA.NONTRANSITIONAL_TO_ASCII).nameToASCII(name, new StringBuilder(), info).toString();
            if (info.hasErrors()) {
                return null;
            }
        }
        if (name.isEmpty() || !isPort(port)
                || name.chars().anyMatch(c -> c < ' ' || FORBIDDEN_IN_HOST.indexOf(c) >= 0)) {
            return null;
        }
        boolean usual = port.isEmpty() || port.equals(scheme.equals("http") ? "80" : "443");
        return user + name + (usual ? "" : ":" + port);
    }

    private static boolean isPort(String port) {
        return port.length() <= PORT_DIGITS && port.chars().allMatch(c -> c >= '0' && c <= '9')
                && (port.isEmpty() || Integer.parseInt(port) <= PORT_MAX);
    }

    /** Path, query and fragment: encoded, and the path without its dots. */
    private static String tail(String text) {
        int hash = text.indexOf('#');
        String before = hash < 0 ? text : text.substring(0, hash);
        int question = before.indexOf('?');
        String path = question < 0 ? before : before.substring(0, question);
        return dotless(encoded(path, IN_PATH))
                + (question < 0 ? "" : encoded(before.substring(question), IN_QUERY))
                + (hash < 0 ? "" : encoded(text.substring(hash), IN_FRAGMENT));
    }

    /** RFC 3986 §5.2.4, where dots may also be encoded. */
    private static String dotless(String path) {
        if (!path.contains("/.") && !path.contains("/%2")) {
            return path;
        }
        Deque<String> kept = new ArrayDeque<>();
        String[] segments = path.substring(1).split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            String plain = segments[i].length() > 6 ? "" : segments[i].toLowerCase(Locale.ROOT).replace("%2e", ".");
            boolean up = plain.equals("..");
            if (up) {
                kept.pollLast();
            }
            if (!up && !plain.equals(".")) {
                kept.addLast(segments[i]);
            } else if (i == segments.length - 1) {
                kept.addLast("");
            }
        }
        return "/" + String.join("/", kept);
    }

    private static String encoded(String text, String also) {
        boolean clean = true;
        for (int i = 0; i < text.length() && clean; i++) {
            clean = isPlain(text.charAt(i), also);
        }
        if (clean) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (isPlain((char) (b & 0xff), also)) {
                out.append((char) b);
            } else {
                out.append(String.format("%%%02X", b & 0xff));
            }
        }
        return out.toString();
    }

    private static boolean isPlain(char c, String also) {
        return c > ' ' && c < 0x7f && also.indexOf(c) < 0;
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    /** Backslashes are slashes before the query. */
    private static String slashes(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        int end = text.length();
        for (char c : new char[] {'?', '#'}) {
            int found = text.indexOf(c);
            end = found < 0 ? end : Math.min(end, found);
        }
        return text.substring(0, end).replace('\\', '/') + text.substring(end);
    }

    /** Without white space and controls around it, and without tabs and line ends. */
    private static String clean(String reference) {
        int from = 0;
        int to = reference.length();
        while (from < to && reference.charAt(from) <= ' ') {
            from++;
        }
        while (to > from && reference.charAt(to - 1) <= ' ') {
            to--;
        }
        String inner = reference.substring(from, to);
        return inner.indexOf('\n') < 0 && inner.indexOf('\r') < 0 && inner.indexOf('\t') < 0 ? inner : inner.replaceAll("[\t\r\n]", "");
    }

    /** Where the colon of a scheme stands; −1 when the reference begins with none. */
    private static int schemeEnd(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = Character.toLowerCase(text.charAt(i));
            if (c == ':') {
                return i == 0 ? -1 : i;
            }
            boolean letter = c >= 'a' && c <= 'z';
            if (!letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'))) {
                return -1;
            }
        }
        return -1;
    }

    private static int end(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if ("/?#".indexOf(text.charAt(i)) >= 0) {
                return i;
            }
        }
        return text.length();
    }
}
