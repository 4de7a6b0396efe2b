package dev.fetchback.deliver;

import dev.fetchback.store.FolderLock;
import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.EnumSet;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs links to kept pages, {@code /v1/tasks/{id}/result?expires=…&signature=…}, so that a receiver can load one without a
 * token. Safe for many threads.
 */
public final class LinkSigner {
    /** The file in the data folder that holds the key. */
    public static final String KEY_FILE = "link.key";

    private static final int KEY_BYTES = 32;
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    private final String publicUrl;

    /**
     * @param key 32 random bytes, the server's own
     * @param publicUrl what links begin with, such as {@code https://fetchback.example.com}; a slash at its end is left out
     */
    public LinkSigner(byte[] key, String publicUrl) {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("the key of links has " + key.length + " bytes; it must have " + KEY_BYTES);
        }
        this.key = new SecretKeySpec(key, ALGORITHM);
        this.publicUrl = publicUrl.endsWith("/") ? publicUrl.substring(0, publicUrl.length() - 1) : publicUrl;
    }

    /**
     * The signer of a data folder, which must be locked by this process; makes the key when there is none yet.
     *
     * @param random cryptographically strong
     * @throws IOException when the key can be neither read nor written, or is not one
     */
    public static LinkSigner open(Path dataDir, String publicUrl, RandomGenerator random) throws IOException {
        Path file = dataDir.resolve(KEY_FILE);
        if (Files.notExists(file)) {
            create(file, key(random));
        }
        long size = Files.size(file);
        if (size != KEY_BYTES) {
            throw new IOException("the key file " + file + " has " + size + " bytes; it must have " + KEY_BYTES
                    + ". Restore it, or remove it to have a new one made: links that were sent out are then no longer valid.");
        }
        return new LinkSigner(Files.readAllBytes(file), publicUrl);
    }

    /** A new key. */
    public static byte[] key(RandomGenerator random) {
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(key);
        return key;
    }

    /** Keeps another folder's key in this one, which must be locked by this process, unless it has one. */
    public static void keep(Path dataDir, byte[] key) throws IOException {
        Path file = dataDir.resolve(KEY_FILE);
        if (Files.notExists(file)) {
            create(file, key);
        }
    }

    private static void create(Path file, byte[] key) throws IOException {
        Path draft = file.resolveSibling(KEY_FILE + ".new");
        Files.deleteIfExists(draft); // of a start that was cut short
        var options = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(draft, options, FolderLock.ownerOnly(file))) {
            ByteBuffer bytes = ByteBuffer.wrap(key);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        try {
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException plainFileSystem) {
            Files.move(draft, file);
        }
    }

    /**
     * A link to a task's kept page.
     *
     * @param expires Unix seconds from which on it is no longer valid
     */
    public String sign(TaskId id, long expires) {
        return publicUrl + "/v1/tasks/" + id + "/result?expires=" + expires + "&signature=" + signature(id, expires);
    }

    /**
     * Whether a link may be followed.
     *
     * @param expires as in the link, Unix seconds
     * @param signature as in the link
     * @param nowMillis Unix milliseconds
     */
    public boolean valid(TaskId id, long expires, String signature, long nowMillis) {
        byte[] given = signature.getBytes(StandardCharsets.UTF_8);
        byte[] right = signature(id, expires).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(right, given) && Math.floorDiv(nowMillis, 1000) < expires;
    }

    private String signature(TaskId id, long expires) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            byte[] sum = mac.doFinal(("result\n" + id + "\n" + expires).getBytes(StandardCharsets.US_ASCII));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(sum);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("this Java has no " + ALGORITHM + ", which every Java must have", impossible);
        }
    }
}
