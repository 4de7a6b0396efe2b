package dev.fetchback;

import dev.fetchback.outbound.Target;
import dev.fetchback.task.Header;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a page is remembered by: the token, the URL in canonical form with its query, and every header that the caller gave, as a
 * server may choose another page by any of them. Of 256 bits, so that no caller finds one that is another's.
 */
final class PageKey {
    private PageKey() {}

    /**
     * The key of a task whose page counts only when it changed; null for any other task.
     *
     * @throws IllegalArgumentException when the task is no plain GET
     */
    static @Nullable String of(TaskSpec spec, Target target) {
        if (!spec.fetch().ifChanged()) {
            return null;
        }
        TaskSpec.Request request = spec.request();
        if (!request.method().equals("GET") || request.body() != null) {
            throw new IllegalArgumentException("ifChanged goes with GET without a body only, and this is a " + request.method()
                    + "; a page that is asked for by GET alone can be compared with the last time");
        }
        MessageDigest digest = sha256();
        String owner = spec.tags().owner();
        add(digest, owner == null ? "" : owner);
        add(digest, target.toString());
        List<Header> headers = new ArrayList<>();
        for (Header header : request.headers()) {
            headers.add(new Header(header.name().toLowerCase(Locale.ROOT), header.value()));
        }
        headers.sort(Comparator.comparing(Header::name)); // stable: the order of one header's values may matter
        for (Header header : headers) {
            add(digest, header.name());
            add(digest, header.value());
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest());
    }

    /** With its length, so that no two lists of texts are the same bytes. */
    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
