package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes Markdown from left to right: line ends, spaces and marks are put off until text follows them, so that nothing is written that
 * would have to be taken back, and marks stand at the text that they mark.
 */
final class MarkdownLines {
    /** What was asked of a page never takes more; a page that does was made to. */
    static final int CHARS_MAX = 16_000_000;
    /** Deeper lists and quotes are written at this depth, as each line repeats what it stands in. */
    private static final int NESTED_MAX = 32;
    /** The categories of Unicode that CommonMark calls punctuation (0.31 §2.1): P and S. */
    private static final int PUNCTUATION = 1 << Character.CONNECTOR_PUNCTUATION | 1 << Character.DASH_PUNCTUATION
            | 1 << Character.START_PUNCTUATION | 1 << Character.END_PUNCTUATION | 1 << Character.INITIAL_QUOTE_PUNCTUATION
            | 1 << Character.FINAL_QUOTE_PUNCTUATION | 1 << Character.OTHER_PUNCTUATION | 1 << Character.MATH_SYMBOL
            | 1 << Character.CURRENCY_SYMBOL | 1 << Character.MODIFIER_SYMBOL | 1 << Character.OTHER_SYMBOL;
    /** Signs that end a phrase, and mean the same outside of its emphasis. */
    private static final String MOVABLE = ".,:;!?…。，：；！？、";

    private final StringBuilder out = new StringBuilder();
    private final StringBuilder prefix = new StringBuilder();
    private final List<Integer> nested = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private int gap;
    private boolean space;
    private boolean fresh;
    private boolean lineStart = true;
    private int oneLine;
    /** A line end that is meant comes next; nothing when a block ends first. */
    private boolean broken;
    /** Where a mark such as emphasis was closed last. */
    private int closed = -1;
    private String closedBy = "";
    /** Where a letter that is written as a reference ended last. */
    private int referenced = -1;

    /** Unchecked, as it ends a walk through a tree. */
    static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Full() {
            super("the Markdown has more than " + CHARS_MAX + " characters", null, false, false);
        }
    }

    /** Begins a block: at least so many line ends before what follows; where only one line is allowed, a space. */
    void gap(int lineEnds) {
        if (oneLine > 0) {
            space = true;
            return;
        }
        closeMarks();
        space = false;
        broken = false;
        if (!fresh) {
            gap = Math.max(gap, lineEnds);
        }
    }

    /** White space between words. */
    void space() {
        space = true;
    }

    /** Text that is Markdown already, without line ends. */
    void text(CharSequence text) {
        if (text.isEmpty()) {
            return;
        }
        int first = Character.codePointAt(text, 0);
        settle(first);
        if (closed == out.length() && !isPunctuation(first) && !endsBeforeLetters()) {
            reference(first);
            write(text.subSequence(Character.charCount(first), text.length()));
        } else {
            write(text);
        }
    }

    /** What a block is made of, such as the bars of a table: never marked. */
    void sign(String sign) {
        closeMarks();
        settleLine();
        settleSpace();
        write(sign);
        lineStart = false;
        fresh = false;
    }

    /**
     * Whether the mark that has just been closed is read as such when a letter follows: not after punctuation (CommonMark §6.2,
     * "right-flanking"). Then a sign that ends a phrase is put after the mark; what cannot be moved makes the letter a reference.
     */
    private boolean endsBeforeLetters() {
        int mark = closed;
        while (mark > 0 && (out.charAt(mark - 1) == '*' || out.charAt(mark - 1) == '~')) {
            mark--;
        }
        if (mark < 2 || !isPunctuation(out.codePointBefore(mark))) {
            return true;
        }
        char sign = out.charAt(mark - 1);
        boolean struck = out.indexOf("~", mark) >= 0; // then what is moved would not be struck any more
        if (struck || mark == referenced || MOVABLE.indexOf(sign) < 0 || isPunctuation(out.codePointBefore(mark - 1))) {
            return false;
        }
        out.deleteCharAt(mark - 1).append(sign);
        return true;
    }

    /** The same for a mark that opens between a letter and punctuation. */
    private void makeOpenable() {
        int before = out.isEmpty() ? ' ' : out.codePointBefore(out.length());
        if (before > ' ' && !isPunctuation(before)) {
            out.setLength(out.length() - Character.charCount(before));
            reference(before);
        }
    }

    private void reference(int letter) {
        write("&#" + letter + ";");
        referenced = out.length();
    }

    /** Whether what is written next stands at the beginning of a line, but for what the line stands in. */
    boolean isLineStart() {
        return gap > 0 || lineStart;
    }

    /** The last character that was written in this line; a space where one is put off. */
    char before() {
        return isLineStart() || space || out.isEmpty() ? ' ' : out.charAt(out.length() - 1);
    }

    /** A line end that is meant, within a paragraph; two of them end it. */
    void hardBreak() {
        if (oneLine > 0) {
            space = true;
        } else if (broken) {
            gap(2);
        } else if (!isLineStart()) {
            closeMarks();
            space = false;
            broken = true;
            gap = 1;
        }
    }

    /** Lines that are kept as they are. */
    void verbatim(String lines) {
        for (String line : lines.split("\n", -1)) {
            gap = Math.max(gap, fresh ? 0 : 1);
            sign(line);
        }
    }

    /** Begins something of which each line starts with {@code rest}, and the first with {@code first}. */
    void open(String first, String rest) {
        boolean tooDeep = nested.size() >= NESTED_MAX;
        nested.add(tooDeep ? 0 : rest.length());
        if (!tooDeep) {
            if (!first.isEmpty()) {
                settleLine();
                write(first);
                fresh = true;
                lineStart = true;
            }
            prefix.append(rest);
        }
    }

    /** Ends what was opened last. */
    void close() {
        closeMarks();
        prefix.setLength(prefix.length() - nested.removeLast());
        fresh = false;
    }

    /** Begins marked text, such as emphasis. */
    void mark(String open, String close) {
        marks.add(new Mark(open, close));
    }

    /** Ends what was marked last. */
    void unmark() {
        Mark mark = marks.removeLast();
        if (mark.written) {
            write(mark);
        }
    }

    /** Until the end of it all is one line. */
    void beginLine() {
        oneLine++;
    }

    void endLine() {
        oneLine--;
        space = false;
    }

    @Override
    public String toString() {
        return out.toString().stripTrailing();
    }

    private void settle(int next) {
        settleLine();
        settleSpace();
        boolean bracket = marks.stream().anyMatch(mark -> !mark.written && mark.isLink());
        for (Mark mark : marks) {
            if (!mark.written) {
                open(mark, bracket ? '[' : next);
            }
        }
        lineStart = false;
        fresh = false;
    }

    private void open(Mark mark, int next) {
        mark.written = true;
        if (closed == out.length() && mark.isDelimiter() && mark.open.equals(closedBy)) { // goes on, as "****" would be neither
            out.setLength(out.length() - closedBy.length());
            closed = -1;
            return;
        }
        if (mark.isDelimiter() && isPunctuation(next)) {
            makeOpenable();
        } else if (mark.isLink() && !out.isEmpty() && out.charAt(out.length() - 1) == '!') {
            out.insert(out.length() - 1, '\\'); // else it is a picture
        }
        write(mark.open);
    }

    private void settleSpace() {
        if (space && !lineStart) {
            write(" ");
        }
        space = false;
    }

    private void settleLine() {
        if (out.isEmpty()) {
            write(prefix);
        } else if (gap > 0) {
            if (broken) {
                write("  ");
            }
            broken = false;
            for (int i = 1; i <= gap; i++) {
                out.append('\n');
                write(i < gap ? prefix.toString().stripTrailing() : prefix);
            }
            lineStart = true;
        }
        gap = 0;
    }

    private void closeMarks() {
        for (Mark mark : marks.reversed()) {
            if (mark.written) {
                write(mark);
                mark.written = false;
            }
        }
    }

    private void write(Mark closing) {
        write(closing.close);
        closed = closing.isDelimiter() ? out.length() : -1;
        closedBy = closing.close;
    }

    private static boolean isPunctuation(int c) {
        return (PUNCTUATION & 1 << Character.getType(c)) != 0;
    }

    private void write(CharSequence text) {
        if (out.length() + text.length() > CHARS_MAX) {
            throw new Full();
        }
        out.append(text);
    }

    /** Marked text; the marks are written with its first text, again in each block that it goes through. */
    private static final class Mark {
        private final String open;
        private final String close;
        private boolean written;

        private Mark(String open, String close) {
            this.open = open;
            this.close = close;
        }

        /** Whether what stands around it decides how it is read (CommonMark §6.2). */
        private boolean isDelimiter() {
            return close.startsWith("*") || close.startsWith("~");
        }

        private boolean isLink() {
            return open.equals("[");
        }
    }
}
