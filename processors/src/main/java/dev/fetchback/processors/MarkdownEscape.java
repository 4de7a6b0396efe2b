package dev.fetchback.processors;

/** Text as Markdown that means nothing but the text (CommonMark 0.31 §2.4, GFM). */
final class MarkdownEscape {
    /** Any character may follow. */
    static final char UNKNOWN = '\0';

    private MarkdownEscape() {}

    /**
     * Escapes a piece of text without white space at its ends.
     *
     * @param before what stands before it in its line
     * @param after what follows it; {@link #UNKNOWN} when that comes from another element
     * @param atLineStart whether it begins the line
     * @param inTable whether a pipe would end its cell
     */
    static String text(String text, char before, char after, boolean atLineStart, boolean inTable) {
        if (!text.isEmpty() && text.chars().allMatch(c -> c == '#')) { // at the end of a heading, too
            return "\\" + text;
        }
        StringBuilder out = new StringBuilder(text.length() + 8);
        int from = atLineStart ? lineStart(text, out) : 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            char previous = i == 0 ? before : text.charAt(i - 1);
            char next = i + 1 < text.length() ? text.charAt(i + 1) : after;
            if (isMeant(c, previous, next) || inTable && c == '|') {
                out.append('\\');
            }
            out.append(c);
        }
        return out.toString();
    }

    private static boolean isMeant(char c, char previous, char next) {
        return switch (c) {
            case '\\', '`', '[', ']' -> true;
            case '*' -> previous != ' ' || next != ' ';
            case '_' -> !(Character.isLetterOrDigit(previous) && Character.isLetterOrDigit(next)) && (previous != ' ' || next != ' ');
            case '<' -> Character.isLetter(next) || next == '/' || next == '!' || next == '?' || next == UNKNOWN;
            case '&' -> Character.isLetter(next) || next == '#' || next == UNKNOWN;
            case '~' -> previous != ' ' || next != ' ';
            default -> false;
        };
    }

    /** Escapes what makes a line something else than text; returns how much of the text that was. */
    private static int lineStart(String text, StringBuilder out) {
        char first = text.isEmpty() ? ' ' : text.charAt(0);
        char second = text.length() > 1 ? text.charAt(1) : ' ';
        boolean alone = second == ' ' || second == first;
        if (first == '#' || first == '>' || first == '|' || alone && "-+*_".indexOf(first) >= 0 || first == ':' && second == '-'
                || first == '=' && text.chars().allMatch(c -> c == '=')) {
            out.append('\\').append(first);
            return 1;
        }
        int digits = 0;
        while (digits < text.length() && digits < 9 && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        if (digits > 0 && digits < text.length() && (text.charAt(digits) == '.' || text.charAt(digits) == ')')
                && (digits + 1 == text.length() || text.charAt(digits + 1) == ' ')) {
            out.append(text, 0, digits).append('\\').append(text.charAt(digits));
            return digits + 1;
        }
        return 0;
    }

    /** A URL between the parentheses of a link. */
    static String url(String url) {
        return url.replace("\\", "%5C").replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
                .replace("|", "%7C").replace("\n", "").replace("\r", "");
    }

    /** Code in a line: between more backticks than it holds. */
    static String code(String code) {
        String fence = "`".repeat(longestRun(code, '`') + 1);
        boolean pad = code.startsWith("`") || code.endsWith("`");
        return fence + (pad ? " " : "") + code + (pad ? " " : "") + fence;
    }

    /** The fence of a block of code. */
    static String fence(String code) {
        return "`".repeat(Math.max(3, longestRun(code, '`') + 1));
    }

    private static int longestRun(String text, char wanted) {
        int longest = 0;
        int run = 0;
        for (int i = 0; i < text.length(); i++) {
            run = text.charAt(i) == wanted ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        return longest;
    }
}
