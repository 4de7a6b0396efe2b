package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.BodySink;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.Header;
import dev.fetchback.task.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Posts through the guarded way out. */
final class OutboundPost implements Post {
    private static final BodySink DISCARD = new BodySink() {
        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            return true; // read to its end, so that the connection can be used again
        }

        @Override
        public void write(byte[] buffer, int offset, int count) {}
    };

    private final Outbound outbound;

    OutboundPost(Outbound outbound) {
        this.outbound = outbound;
    }

    @Override
    public Reply send(Letter letter) throws InterruptedException {
        Request request;
        try {
            request = new Request(
                    Target.parse(letter.url()),
                    "POST",
                    fields(letter.headers()),
                    bytes(letter.content()),
                    new Request.Limits(letter.timeout(), Long.MAX_VALUE, ANSWER_BYTES_MAX, Request.Limits.NOT_FOLLOWED));
        } catch (BadUrl e) {
            return new Reply.NoAnswer(new Problem(Kind.BAD_URL.code(), e.getMessage(), 0));
        } catch (IOException e) {
            return new Reply.NoAnswer(new Problem(Problem.INTERNAL, "The stored page could not be read.", 0));
        }
        return switch (outbound.exchange(request, DISCARD)) {
            case Exchange.Answer answer -> new Reply.Answer(answer.status(), answer.field("retry-after"));
            case Exchange.Failure failure -> new Reply.NoAnswer(new Problem(failure.kind().code(), failure.detail(), 0));
        };
    }

    private static List<Field> fields(List<Header> headers) {
        List<Field> fields = new ArrayList<>(headers.size());
        for (Header header : headers) {
            fields.add(new Field(header.name(), header.value()));
        }
        return fields;
    }

    private static byte[] bytes(Content content) throws IOException {
        return switch (content) {
            case Content.Bytes b -> b.length() == b.array().length ? b.array() : Arrays.copyOf(b.array(), b.length());
            case Content.Streamed s -> s.body().bytes();
        };
    }
}
