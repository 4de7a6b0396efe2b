package dev.fetchback.server.intake;

import java.util.Collection;

/** Names in messages: what the caller wrote, and what they may have meant. */
final class Names {
    /** Longer values are cut in messages: enough to recognise them, too little to fill a log. */
    private static final int SHOWN_MAX = 80;
    /** Names longer than this are not compared, which bounds the work that a hostile name causes. */
    private static final int COMPARED_MAX = 64;

    private Names() {}

    /** " Did you mean …?" with the nearest of {@code known}, or the list of all when none is near. */
    static String suggest(String name, Collection<String> known) {
        String best = "";
        int distance = Integer.MAX_VALUE;
        if (name.length() <= COMPARED_MAX) {
            for (String candidate : known) {
                int d = distance(name, candidate);
                if (d < distance) {
                    distance = d;
                    best = candidate;
                }
            }
        }
        boolean near = distance <= Math.max(2, best.length() / 3);
        return near ? "did you mean " + best + "?" : "known are " + String.join(", ", known) + ".";
    }

    /** {@code value} in quotes, cut and with control characters shown as \\uXXXX. */
    static String quote(String value) {
        StringBuilder out = new StringBuilder("\"");
        int end = Math.min(value.length(), SHOWN_MAX);
        for (int i = 0; i < end; i++) {
            char c = value.charAt(i);
            if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append(value.length() > SHOWN_MAX ? "…\"" : "\"").toString();
    }

    /** A URL in quotes without its userinfo, which may hold a password. */
    static String quoteUrl(String url) {
        int start = url.indexOf("://") < 0 ? 0 : url.indexOf("://") + 3;
        int end = start;
        while (end < url.length() && "/?#\\".indexOf(url.charAt(end)) < 0) {
            end++;
        }
        int at = url.lastIndexOf('@', end - 1);
        return quote(at < start ? url : url.substring(0, start) + "…" + url.substring(at));
    }

    /** A key as a segment of a JSON pointer (RFC 6901 §4). */
    static String segment(String key) {
        String cut = key.length() > SHOWN_MAX ? key.substring(0, SHOWN_MAX) : key;
        return cut.replace("~", "~0").replace("/", "~1");
    }

    /** Levenshtein's edit distance. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
