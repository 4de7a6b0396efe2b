package dev.fetchback.server.intake;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** One request and its one answer; handed from thread to thread, never used by two at a time. */
final class Call implements Callback {
    static final HttpField JSON = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, "application/json");

    private static final HttpField PROBLEM = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, "application/problem+json");
    private static final HttpField NO_STORE = new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "no-store");
    private static final HttpField CLOSE = new PreEncodedHttpField(HttpHeader.CONNECTION, "close");
    private static final HttpField CHALLENGE = new PreEncodedHttpField(HttpHeader.WWW_AUTHENTICATE, "Bearer");
    private static final String PROBLEM_TYPE = "urn:fetchback:error:";

    private final Request request;
    private final Response response;
    private final Callback done;
    private final Route.Match match;
    private final Ending ending;
    private final LongSupplier nanos;
    private final long began;
    private Caller caller = Caller.ANYBODY;
    private boolean answered;
    private @Nullable Runnable release;

    Call(Request request, Response response, Callback done, Route.Match match, Ending ending, LongSupplier nanos) {
        this.nanos = nanos;
        this.began = nanos.getAsLong();
        this.request = request;
        this.response = response;
        this.done = done;
        this.match = match;
        this.ending = ending;
    }

    Request request() {
        return request;
    }

    Response response() {
        return response;
    }

    Route route() {
        return match.route();
    }

    /** The id in the path. */
    String id() {
        return match.id();
    }

    Caller caller() {
        return caller;
    }

    void caller(Caller known) {
        caller = known;
    }

    @Nullable String header(String name) {
        return request.getHeaders().get(name);
    }

    boolean method(String name) {
        return request.getMethod().equals(name);
    }

    /** Whether an answer was begun. */
    boolean answered() {
        return answered;
    }

    /** What is to be given back when the call is over, however it ends; at most one thing. */
    void whenOver(Runnable giveBack) {
        release = giveBack;
    }

    private void over(int status) {
        Runnable giveBack = release;
        release = null;
        if (giveBack != null) {
            giveBack.run();
        }
        ending.ended(this, status);
    }

    /** Keeps the connection open although no byte moves for a while: it is the server that is waiting. */
    void patient() {
        request.addIdleTimeoutListener(timeout -> false);
    }

    void json(int status, JsonBytes body) {
        answer(status, JSON, body.buffer());
    }

    /** Sends the whole answer in one write, without blocking. */
    void answer(int status, @Nullable HttpField contentType, ByteBuffer body) {
        begin(status, contentType);
        response.write(true, body, this);
    }

    /** Sets what goes before the body; the caller then writes it and ends with {@link #succeeded} or {@link #failed}. */
    void begin(int status, @Nullable HttpField contentType) {
        answered = true;
        response.setStatus(status);
        if (contentType != null) {
            response.getHeaders().put(contentType);
        }
    }

    void refuse(Refusal refusal) {
        refuse(refusal, json -> {});
    }

    /** @param more writes further members of the problem object */
    void refuse(Refusal refusal, Consumer<JsonBytes> more) {
        answered = true;
        switch (refusal.error()) {
            case REQUEST_TIMEOUT, DRAINING -> problem(refusal, more);
            default -> new Discard(this, () -> problem(refusal, more)).run();
        }
    }

    private void problem(Refusal refusal, Consumer<JsonBytes> more) {
        ApiError error = refusal.error();
        JsonBytes json = problem(error, refusal.detail(), refusal.pointer());
        more.accept(json);
        response.reset(); // headers of the answer that did not come about
        response.getHeaders().put(NO_STORE);
        if (refusal.contentRange() != null) {
            response.getHeaders().put(HttpHeader.CONTENT_RANGE, refusal.contentRange());
        }
        if (refusal.retryAfterSeconds() > 0) {
            response.getHeaders().put(HttpHeader.RETRY_AFTER, refusal.retryAfterSeconds());
        }
        switch (error) {
            case UNAUTHORIZED -> response.getHeaders().put(CHALLENGE);
            case METHOD_NOT_ALLOWED -> response.getHeaders().put(HttpHeader.ALLOW, route().allow());
            case REQUEST_TIMEOUT, DRAINING -> response.getHeaders().put(CLOSE);
            default -> {}
        }
        answer(error.status(), PROBLEM, json.endObject().buffer());
    }

    /** The problem object (RFC 9457) without its end. */
    static JsonBytes problem(ApiError error, String detail, @Nullable String pointer) {
        JsonBytes json = new JsonBytes(512)
                .object()
                .field("type", PROBLEM_TYPE + error.code())
                .field("title", error.title())
                .field("status", error.status())
                .field("detail", detail)
                .field("code", error.code());
        if (pointer != null) {
            json.field("pointer", pointer);
        }
        return json;
    }

    /** The connection's end cannot be told of; nothing is answered. */
    void cut(Throwable why) {
        answered = true;
        failed(why);
    }

    @Override
    public void succeeded() {
        over(response.getStatus());
        done.succeeded();
    }

    @Override
    public void failed(Throwable why) {
        over(why instanceof EofException ? 0 : response.getStatus());
        done.failed(why);
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    /** Nanoseconds since the request's headers were there. */
    long ageNanos() {
        return nanos.getAsLong() - began;
    }

    /** Told once when a call is over. */
    @FunctionalInterface
    interface Ending {
        /** @param status as answered; 0 when the client was gone */
        void ended(Call call, int status);
    }
}
