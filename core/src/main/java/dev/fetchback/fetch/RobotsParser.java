package dev.fetchback.fetch;

import crawlercommons.robots.SimpleRobotRulesParser;
import dev.fetchback.work.Body;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads robots.txt files by crawler-commons; large ones one at a time, as it takes up to half a second and some megabytes for a
 * hostile one.
 */
final class RobotsParser {
    /** Google's parser has the same; no URL of ours is half as long. Bounds what takes the square of a line's length. */
    static final int LINE_MAX = 2083 * 8;

    /** Parsed at once, in some 5 ms at worst: hosts with files that take long must not hold up the many with usual ones. */
    private static final int SMALL_MAX = 32 * 1024;

    /** How programs that want a browser's pages begin their name; their own comes later. */
    private static final Pattern AS_BROWSER = Pattern.compile("Mozilla/.*?[(; ]compatible; *(.*)");

    private static final byte[] LESS_THAN = "%3C".getBytes(StandardCharsets.US_ASCII);

    private final List<String> names;
    private final Semaphore turn = new Semaphore(1, true);

    /** @param userAgent its product token is the name that groups of rules are looked up by (RFC 9309 §2.2.1) */
    RobotsParser(String userAgent) {
        String token = token(userAgent);
        this.names = token.isEmpty() ? List.of() : List.of(token.toLowerCase(Locale.ROOT));
    }

    /**
     * The letters, underscores and hyphens that a user agent begins with, or that follow {@code compatible;} in one that begins
     * with {@code Mozilla/}; empty when there are none.
     */
    static String token(String userAgent) {
        Matcher asBrowser = AS_BROWSER.matcher(userAgent);
        String name = asBrowser.matches() ? asBrowser.group(1) : userAgent;
        int end = 0;
        while (end < name.length() && inToken(name.charAt(end))) {
            end++;
        }
        return name.substring(0, end);
    }

    private static boolean inToken(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-';
    }

    /**
     * What a file says to us. Closes the body.
     *
     * @param cut whether the file goes on after the body's end, so that its last line may not be whole
     * @throws ExecutionException when it cannot be read, whoever is to blame
     */
    RobotsRules parse(Body body, boolean cut) throws ExecutionException, InterruptedException {
        FutureTask<RobotsRules> task = new FutureTask<>(() -> {
            try (body) {
                return parse(body.bytes(), cut);
            }
        });
        if (body.length() <= SMALL_MAX) {
            task.run();
        } else {
            parseInTurn(task, body);
        }
        return task.get();
    }

    private void parseInTurn(FutureTask<RobotsRules> task, Body body) throws InterruptedException {
        boolean started = false;
        try {
            turn.acquire();
            try {
                // A thread of the system's: parsing never waits, and a virtual one would hold up others meanwhile.
                Thread.ofPlatform().daemon().name("fetchback-robots").start(() -> {
                    try {
                        task.run();
                    } finally {
                        turn.release();
                    }
                });
                started = true;
            } finally {
                if (!started) {
                    turn.release();
                }
            }
        } finally {
            if (!started) {
                body.close();
            }
        }
    }

    RobotsRules parse(byte[] file, boolean cut) {
        // Whatever delay a file asks for is ours to judge: beyond its own limit, the library would disallow everything.
        SimpleRobotRulesParser parser = new SimpleRobotRulesParser(Long.MAX_VALUE, 0);
        return RobotsRules.of(parser.parseContent("", plain(file, cut), "text/plain", names));
    }

    /**
     * The file without what the library would take very long for: lines too long for any rule, and markup. In files that look like
     * HTML it removes tags, in time that grows with the square of a line's length; {@code <} stands in no rule as it is.
     */
    private static byte[] plain(byte[] file, boolean cut) {
        ByteArrayOutputStream plain = new ByteArrayOutputStream(file.length);
        int from = 0;
        while (from < file.length) {
            int end = from;
            while (end < file.length && file[end] != '\n' && file[end] != '\r') {
                end++;
            }
            if (end == file.length && cut) {
                break;
            }
            copy(file, from, end - from > LINE_MAX ? comment(file, from, end) : end, plain);
            from = end + 1;
        }
        return plain.toByteArray();
    }

    private static int comment(byte[] file, int from, int end) {
        int at = from;
        while (at < end && file[at] != '#') {
            at++;
        }
        return at;
    }

    private static void copy(byte[] file, int from, int end, ByteArrayOutputStream to) {
        if (end - from > LINE_MAX) {
            return;
        }
        for (int i = from; i < end; i++) {
            if (file[i] == '<') {
                to.writeBytes(LESS_THAN);
            } else {
                to.write(file[i]);
            }
        }
        to.write('\n');
    }
}
