package dev.fetchback.processors;

import dev.fetchback.process.BadOption;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.select.Evaluator;
import org.jsoup.select.Selector;

/**
 * A selector, and what it costs to try it on one element, so that a selection on a hostile page ends.
 *
 * @param text as the task gave it
 * @param siblings how often it looks through an element's siblings
 * @param insides how often it looks through all that is in an element
 * @param combinators how often it looks further up, at most
 */
record Css(String text, int siblings, int insides, int combinators) {
    /** Longer ones were made by programs, and could be written as fields. */
    static final int LENGTH_MAX = 500;

    private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"|'(?:[^'\\\\]|\\\\.)*+'");
    private static final Pattern REGEX = Pattern.compile(":matches\\w*|~=");
    private static final Pattern HAS = Pattern.compile(":has\\s*\\(");
    private static final Pattern SIBLINGS = Pattern.compile("[~+](?!=)|:nth-|:only-|-of-type|:eq\\(|:lt\\(|:gt\\(");
    private static final Pattern INSIDES = Pattern.compile(":has\\s*\\(|:contains");
    private static final Pattern COMBINATORS = Pattern.compile("[\\s>+~]+");

    /** @throws BadOption when it is no selector, or one that cannot be bounded */
    static Css of(String text) throws BadOption {
        String bare = QUOTED.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("''");
        Matcher regex = REGEX.matcher(bare);
        if (regex.find()) {
            throw new BadOption("/css", regex.group() + " takes a regular expression, which may never end; use [attr*=part] or :contains()");
        }
        if (bare.contains("::")) {
            throw new BadOption("/css", "selects elements only, not " + bare.substring(bare.indexOf("::")).split("[\\s,]", 2)[0]);
        }
        Matcher has = HAS.matcher(bare);
        while (has.find()) {
            String inside = inside(bare, has.end());
            if (SIBLINGS.matcher(inside).find() || INSIDES.matcher(inside).find()) {
                throw new BadOption("/css", ":has() may not hold ~, +, :nth-*, :only-*, :eq(), :lt(), :gt(), :contains() or another :has()");
            }
        }
        try {
            Selector.evaluatorOf(text);
        } catch (Selector.SelectorParseException | IllegalArgumentException bad) {
            throw new BadOption("/css", "no selector: " + bad.getMessage());
        }
        return new Css(text, count(SIBLINGS, bare), count(INSIDES, bare), count(COMBINATORS, bare));
    }

    /** A fresh one for one selection: it remembers elements while it is used. */
    Evaluator evaluator() {
        return Selector.evaluatorOf(text);
    }

    private static String inside(String text, int from) {
        int open = 1;
        int at = from;
        while (at < text.length() && open > 0) {
            open += text.charAt(at) == '(' ? 1 : text.charAt(at) == ')' ? -1 : 0;
            at++;
        }
        return text.substring(from, at);
    }

    private static int count(Pattern pattern, String text) {
        return (int) pattern.matcher(text).results().count();
    }
}
