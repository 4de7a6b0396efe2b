package dev.fetchback.deliver;

import dev.fetchback.outbound.BadUrl;
import dev.fetchback.outbound.BodySink;
import dev.fetchback.outbound.Exchange;
import dev.fetchback.outbound.Field;
import dev.fetchback.outbound.Kind;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.Payload;
import dev.fetchback.outbound.Request;
import dev.fetchback.outbound.Target;
import dev.fetchback.task.Header;
import dev.fetchback.task.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Posts through the guarded outbound side. */
final class OutboundPost implements Post {
    private final Outbound outbound;

    OutboundPost(Outbound outbound) {
        this.outbound = outbound;
    }

    @Override
    public Reply send(Letter letter) throws IOException, InterruptedException {
        Request request;
        try {
            List<Field> fields = letter.headers().stream().map(OutboundPost::field).toList();
            Request.Limits limits = Request.Limits.call(letter.timeout(), ANSWER_BYTES_MAX);
            request = new Request(Target.parse(letter.url()), "POST", fields, null, limits);
        } catch (BadUrl | IllegalArgumentException cannotBeSent) {
            return new Reply.NoAnswer(new Problem(Kind.BAD_URL.code(), cannotBeSent.getMessage(), 0));
        }
        WatchedSource source = null;
        Payload payload = switch (letter.content()) {
            case Content.Bytes(byte[] array, int length) -> new Payload.Bytes(array, length);
            case Content.Streamed streamed -> {
                source = new WatchedSource(streamed);
                yield new Payload.Streamed(source, streamed.body().length());
            }
        };
        Exchange exchange = outbound.exchange(request, payload, Ignored.IGNORED);
        if (source != null && source.failure != null) {
            throw source.failure;
        }
        return switch (exchange) {
            case Exchange.Answer answer -> new Reply.Answer(answer.status(), answer.field("retry-after"));
            case Exchange.Failure(Kind kind, String detail) ->
                new Reply.NoAnswer(new Problem(kind.code(), "The receiver gave no answer: " + detail + ".", 0));
        };
    }

    private static Field field(Header header) {
        return new Field(header.name(), header.value());
    }

    /** Tells a page that cannot be read from a receiver that cannot be reached. */
    private static final class WatchedSource implements Payload.Source {
        private final Content.Streamed content;
        private @Nullable IOException failure;

        WatchedSource(Content.Streamed content) {
            this.content = content;
        }

        @Override
        public InputStream open() throws IOException {
            try {
                return new WatchedStream(content.body().open());
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        private final class WatchedStream extends InputStream {
            private final InputStream in;

            WatchedStream(InputStream in) {
                this.in = in;
            }

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int count) throws IOException {
                try {
                    return in.read(buffer, offset, count);
                } catch (IOException e) {
                    failure = e;
                    throw e;
                }
            }

            @Override
            public void close() throws IOException {
                in.close();
            }
        }
    }

    /** The answer is read, up to the limit, so that the connection can be used again; what it says is of no use. */
    private enum Ignored implements BodySink {
        IGNORED;

        @Override
        public boolean begin(int status, List<Field> fields, long length) {
            return true;
        }

        @Override
        public void write(byte[] buffer, int offset, int count) {
            // Nothing to keep.
        }
    }
}
