package dev.fetchback.server.intake;

import dev.fetchback.store.StoredTask;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Page;
import dev.fetchback.task.TaskId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/tasks/{id}/result}: the kept page as it was fetched, but so that no browser runs anything in it; and
 * {@code /processed}, what came of processing it. Blocks.
 */
final class ResultRoute {
    static final List<String> LINK_PARAMETERS = List.of("expires", "signature");

    /** The page is somebody else's: it is saved, not shown, and if it is shown all the same, nothing in it runs. */
    private static final List<HttpField> INERT = List.of(
            new PreEncodedHttpField("Content-Security-Policy", "default-src 'none'; sandbox"),
            new PreEncodedHttpField("X-Content-Type-Options", "nosniff"),
            new PreEncodedHttpField("Cross-Origin-Resource-Policy", "same-origin"),
            new PreEncodedHttpField("Referrer-Policy", "no-referrer"),
            new PreEncodedHttpField(HttpHeader.ACCEPT_RANGES, "bytes"),
            new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "private, no-cache"));

    private static final String UNKNOWN_TYPE = "application/octet-stream";

    private final Kit kit;
    private final LinkSigner links;

    ResultRoute(Kit kit, LinkSigner links) {
        this.kit = kit;
        this.links = links;
    }

    /** Whether the request comes by a signed link, which needs no token. */
    static boolean linked(Call call) {
        String query = call.request().getHttpURI().getQuery();
        return call.route() == Route.RESULT && query != null && query.contains("signature=");
    }

    void serve(Call call) throws IOException {
        StoredTask stored = linked(call) ? byLink(call) : byToken(call);
        TaskId id = stored.task().id();
        Outcome outcome = stored.task().progress().outcome();
        if (!(outcome instanceof Outcome.Fetched fetched) || fetched.storedUntil() <= kit.now()) {
            throw outcome instanceof Outcome.Unchanged ? unchanged(id) : noPage(id);
        }
        Page page = fetched.page();
        String etag = '"' + page.sha256() + '"';
        HttpFields request = call.request().getHeaders();
        HttpFields.Mutable headers = call.response().getHeaders();
        INERT.forEach(headers::add);
        headers.put(HttpHeader.ETAG, etag);
        if (matches(request.get(HttpHeader.IF_NONE_MATCH), etag)) {
            call.answer(304, null, ByteBuffer.allocate(0));
            return;
        }
        headers.put(HttpHeader.CONTENT_DISPOSITION, "attachment; filename=\"" + id + "\"");
        String ifRange = request.get(HttpHeader.IF_RANGE);
        boolean ranged = call.method("GET") && (ifRange == null || ifRange.strip().equals(etag));
        ByteRange range = ranged ? ByteRange.of(request.get(HttpHeader.RANGE), page.bytes()) : null;
        if (range == ByteRange.NONE) {
            throw Refusal.range(page.bytes());
        }
        if (range != null) {
            headers.put(HttpHeader.CONTENT_RANGE, "bytes " + range.from() + "-" + range.to() + "/" + page.bytes());
        }
        ByteRange part = range == null ? new ByteRange(0, page.bytes() - 1) : range;
        send(call, range == null ? 200 : 206, type(page), part.length(),
                () -> kit.tasks().body(id, part.from()).orElseThrow(() -> noPage(id)));
    }

    /** The results of the processors, a JSON object. */
    void processed(Call call) throws IOException {
        StoredTask stored = byToken(call);
        TaskId id = stored.task().id();
        if (!(stored.task().progress().outcome() instanceof Outcome.Fetched fetched)
                || fetched.storedUntil() <= kit.now()
                || fetched.processed() == null) {
            throw new Refusal(
                    ApiError.NO_RESULT,
                    "There are no kept results of processing " + id + "; they are kept with the page, of a task that has a \"process\".");
        }
        INERT.forEach(call.response().getHeaders()::add);
        call.response().getHeaders().remove(HttpHeader.ACCEPT_RANGES);
        send(call, 200, "application/json", fetched.processed().bytes(), () -> kit.tasks().results(id).orElseThrow(() -> noPage(id)));
    }

    private StoredTask byToken(Call call) {
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        return TaskRoutes.find(kit, call);
    }

    private StoredTask byLink(Call call) {
        QueryParams params = new QueryParams(call.request().getHttpURI().getQuery(), LINK_PARAMETERS);
        String signature = params.text("signature");
        long expires = seconds(params.text("expires"));
        TaskId id = TaskId.parse(call.id()).orElseThrow(() -> TaskRoutes.unknown(call.id()));
        if (signature == null || !links.valid(id, expires, signature)) {
            throw new Refusal(ApiError.INVALID_LINK, "The link's signature does not fit; use the link as it was given.");
        }
        if (expires * 1000 <= kit.now()) {
            throw new Refusal(ApiError.LINK_EXPIRED, "The link has expired; ask for the page with a token.");
        }
        return kit.tasks().find(id).orElseThrow(() -> TaskRoutes.unknown(call.id()));
    }

    private static long seconds(@Nullable String text) {
        try {
            return text == null ? 0 : Math.clamp(Long.parseLong(text), 0, Long.MAX_VALUE / 1000);
        } catch (NumberFormatException e) {
            return 0; // no link of ours: its signature will not fit
        }
    }

    private static Refusal noPage(TaskId id) {
        return new Refusal(
                ApiError.NO_RESULT,
                "There is no kept page of " + id + "; a page is kept when there is no receiver or when \"keep\" asks for it.");
    }

    private static Refusal unchanged(TaskId id) {
        return new Refusal(
                ApiError.NO_RESULT,
                "The page of " + id + " was the same as the last time, so it was not kept again;"
                        + " submit the task without \"if_changed\" to get it in any case.");
    }

    /** Weak comparison (RFC 9110 §13.1.2). */
    private static boolean matches(@Nullable String header, String etag) {
        if (header == null) {
            return false;
        }
        for (String given : header.split(",")) {
            String tag = given.strip();
            if (tag.equals("*") || tag.equals(etag) || tag.startsWith("W/") && tag.substring(2).equals(etag)) {
                return true;
            }
        }
        return false;
    }

    private static String type(Page page) {
        String type = page.contentType();
        if (type == null || type.isBlank()) {
            return UNKNOWN_TYPE;
        }
        boolean sendable = type.chars().allMatch(c -> c >= ' ' && c <= '~');
        return sendable ? type : UNKNOWN_TYPE;
    }

    private void send(Call call, int status, String type, long length, Supplier<InputStream> open) throws IOException {
        HttpField contentType = new HttpField(HttpHeader.CONTENT_TYPE, type);
        long left = length;
        if (left == 0) {
            call.answer(status, contentType, ByteBuffer.allocate(0));
            return;
        }
        try (InputStream body = open.get()) {
            call.response().getHeaders().put(HttpHeader.CONTENT_LENGTH, left);
            if (call.method("HEAD")) {
                call.answer(status, contentType, ByteBuffer.allocate(0));
                return;
            }
            byte[] slice = new byte[(int) Math.min(left, SlowWrite.SLICE)];
            int read = fill(body, slice, left); // the first piece before the head: a store that fails is still told as an error
            call.begin(status, contentType);
            SlowWrite out = new SlowWrite(call, kit);
            while (true) {
                left -= read;
                out.write(left == 0, ByteBuffer.wrap(slice, 0, read));
                if (left == 0) {
                    break;
                }
                read = fill(body, slice, left);
            }
        }
        call.succeeded();
    }

    private static int fill(InputStream body, byte[] slice, long left) throws IOException {
        int wanted = (int) Math.min(left, slice.length);
        int read = body.readNBytes(slice, 0, wanted);
        if (read < wanted) {
            throw new IOException("the stored page ends " + (left - read) + " bytes too early");
        }
        return read;
    }
}
