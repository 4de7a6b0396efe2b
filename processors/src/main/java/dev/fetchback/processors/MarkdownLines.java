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

    private final StringBuilder out = new StringBuilder();
    private final StringBuilder prefix = new StringBuilder();
    private final List<Integer> nested = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private int gap;
    private boolean space;
    private boolean fresh;
    private boolean lineStart = true;
    private int oneLine;

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
        settle();
        write(text);
    }

    /** Whether what is written next stands at the beginning of a line, but for what the line stands in. */
    boolean isLineStart() {
        return gap > 0 || lineStart;
    }

    /** The last character that was written in this line; a space where one is put off. */
    char before() {
        return isLineStart() || space || out.isEmpty() ? ' ' : out.charAt(out.length() - 1);
    }

    /** A line end that is meant, within a paragraph. */
    void hardBreak() {
        if (oneLine > 0 || isLineStart()) {
            space = true;
            return;
        }
        closeMarks();
        write("  ");
        space = false;
        gap = Math.max(gap, 1);
    }

    /** Lines that are kept as they are. */
    void verbatim(String lines) {
        for (String line : lines.split("\n", -1)) {
            gap = Math.max(gap, fresh ? 0 : 1);
            settle();
            write(line);
            lineStart = false;
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
            write(mark.close);
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

    private void settle() {
        settleLine();
        if (space && !lineStart) {
            write(" ");
        }
        space = false;
        for (Mark mark : marks) {
            if (!mark.written) {
                write(mark.open);
                mark.written = true;
            }
        }
        lineStart = false;
        fresh = false;
    }

    private void settleLine() {
        if (out.isEmpty()) {
            write(prefix);
        } else if (gap > 0) {
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
                write(mark.close);
                mark.written = false;
            }
        }
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
    }
}
