package dev.fetchback.server.intake;

import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The bearer tokens that may use the API, one a line: {@code name:token} or {@code name:token:admin}; {@code #} begins a comment.
 * Only their hashes are held. A file is read again when it has changed. Safe for many threads.
 */
public final class Tokens {
    /** Short tokens can be guessed. */
    private static final int TOKEN_LENGTH_MIN = 16;

    private static final int TOKEN_LENGTH_MAX = 512;
    /** Room for thousands of tokens; a larger file is another one. */
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final int NAME_LENGTH_MAX = 64;
    /** A file is looked at no more often than this, so that a flood of requests costs no flood of system calls. */
    private static final long LOOK_MILLIS = 1000;

    private static final String SCHEME = "Bearer ";
    private static final System.Logger LOG = System.getLogger(Tokens.class.getName());

    private final boolean required;
    private final @Nullable Path file;
    private final LongSupplier clock;
    private final AtomicLong lookAt = new AtomicLong();
    private volatile List<Entry> entries;
    /** Of the file whose tokens these are. */
    private volatile @Nullable FileTime changed;
    /** Why the file could not be read again the last time; empty when it could. */
    private volatile String complaint = "";

    private Tokens(boolean required, @Nullable Path file, LongSupplier clock, List<Entry> entries) {
        this.required = required;
        this.file = file;
        this.clock = clock;
        this.entries = entries;
    }

    /** No tokens: everybody may do everything. */
    public static Tokens none() {
        return new Tokens(false, null, () -> 0, List.of());
    }

    /**
     * Tokens from the environment; lines may also be parted by commas.
     *
     * @param source what to name in messages, such as the variable
     * @throws IllegalArgumentException that lists every problem, without the tokens
     */
    public static Tokens parse(String text, String source) {
        return new Tokens(true, null, () -> 0, entries(text.replace(',', '\n'), source));
    }

    /**
     * Tokens from a file, read now and again whenever it has changed; a change that cannot be read is logged and the old tokens
     * stay.
     *
     * @param clock Unix milliseconds
     * @throws IllegalArgumentException that lists every problem, without the tokens
     */
    public static Tokens file(Path file, LongSupplier clock) throws IOException {
        Tokens tokens = new Tokens(true, file, clock, entries(text(file), file.toString()));
        tokens.changed = Files.getLastModifiedTime(file);
        tokens.lookAt.set(clock.getAsLong() + LOOK_MILLIS);
        warnWhenReadable(file);
        return tokens;
    }

    /** Whether a token is needed at all. */
    boolean required() {
        return required;
    }

    /** Who sent this {@code Authorization} header; null when a token is needed and this is none. */
    @Nullable Caller find(@Nullable String authorization) {
        if (!required) {
            return Caller.ANYBODY;
        }
        if (authorization == null
                || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                || authorization.length() > SCHEME.length() + TOKEN_LENGTH_MAX) {
            return null;
        }
        look();
        byte[] hash = hash(authorization.substring(SCHEME.length()).strip());
        Caller found = null;
        for (Entry entry : entries) { // all of them, so that the time tells nothing
            if (MessageDigest.isEqual(hash, entry.hash)) {
                found = entry.caller;
            }
        }
        return found;
    }

    private void look() {
        Path path = file;
        long due = lookAt.get();
        long now = clock.getAsLong();
        if (path == null || now < due && due - now <= LOOK_MILLIS || !lookAt.compareAndSet(due, now + LOOK_MILLIS)) {
            return;
        }
        try {
            FileTime time = Files.getLastModifiedTime(path);
            if (!time.equals(changed)) {
                if (!Files.isRegularFile(path)) { // a pipe would hold up whoever asks, for ever
                    throw new IOException("is no regular file");
                }
                entries = entries(text(path), path.toString());
                changed = time; // only now: a file that could not be read is tried again, as new rights to read it leave its time
                warnWhenReadable(path);
                LOG.log(Level.INFO, "API tokens read again count={0} file={1}", entries.size(), path);
            }
            complaint = "";
        } catch (IOException e) {
            complain(path, e.toString());
        } catch (IllegalArgumentException e) {
            complain(path, e.getMessage());
        }
    }

    /** Told once, not with every look. */
    private void complain(Path path, String reason) {
        if (!reason.equals(complaint)) {
            complaint = reason;
            LOG.log(Level.WARNING, "API tokens could not be read again, the old ones stay file={0} reason={1}", path, reason);
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException("is larger than " + FILE_BYTES_MAX + " bytes");
            }
            return new String(bytes, StandardCharsets.UTF_8); // what is not UTF-8 is no token either, and is told with its line
        }
    }

    private static void warnWhenReadable(Path file) {
        try {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
            if (mode.contains(PosixFilePermission.GROUP_READ) || mode.contains(PosixFilePermission.OTHERS_READ)) {
                LOG.log(Level.WARNING, "API tokens in {0} can be read by other users; run: chmod 600 {0}", file);
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.log(Level.DEBUG, "The permissions of {0} are not known.", file);
        }
    }

    private static List<Entry> entries(String text, String source) {
        List<Entry> entries = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String content = line.strip();
            if (content.isEmpty() || content.startsWith("#")) {
                continue;
            }
            String[] parts = content.split(":", -1);
            String problem = problem(parts, names);
            if (problem == null) {
                entries.add(new Entry(hash(parts[1]), new Caller(parts[0], parts.length == 3)));
            } else {
                problems.add(source + " line " + number + ": " + problem);
            }
        }
        if (entries.isEmpty() && problems.isEmpty()) {
            problems.add(source + ": there is no token; write one a line as name:token or name:token:admin");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", problems));
        }
        return List.copyOf(entries);
    }

    private static @Nullable String problem(String[] parts, Set<String> names) {
        if (parts.length < 2 || parts.length > 3) {
            return "write name:token or name:token:admin";
        }
        if (parts.length == 3 && !parts[2].equals("admin")) {
            return "what follows the token must be admin or nothing";
        }
        String name = parts[0];
        boolean good = !name.isEmpty() && name.length() <= NAME_LENGTH_MAX;
        for (int i = 0; good && i < name.length(); i++) {
            char c = name.charAt(i);
            good = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.';
        }
        if (!good) {
            return "the name must be 1 to " + NAME_LENGTH_MAX + " letters, digits, dots, - or _";
        }
        int length = parts[1].length();
        if (length < TOKEN_LENGTH_MIN || length > TOKEN_LENGTH_MAX) {
            return "the token of " + name + " has " + length + " characters; use " + TOKEN_LENGTH_MIN + " to " + TOKEN_LENGTH_MAX;
        }
        return names.add(name) ? null : "the name " + name + " is used twice; names must differ";
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    private record Entry(byte[] hash, Caller caller) {}
}
