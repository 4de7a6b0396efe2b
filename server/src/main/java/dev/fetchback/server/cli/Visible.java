package dev.fetchback.server.cli;

/** Which characters may stand in a log line or on a terminal as they are. */
final class Visible {
    private Visible() {}

    /** False for what could break a line, move a cursor or turn the reading direction around. */
    static boolean is(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** {@code text} with everything else replaced by {@code ?}; for text of others on a terminal. */
    static String only(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            shown.append(is(text.charAt(i)) ? text.charAt(i) : '?');
        }
        return shown.toString();
    }
}
