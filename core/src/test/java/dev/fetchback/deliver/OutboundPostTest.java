package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fetchback.outbound.AddressPolicy;
import dev.fetchback.outbound.Outbound;
import dev.fetchback.outbound.OutboundSettings;
import dev.fetchback.outbound.Resolved;
import dev.fetchback.task.Header;
import dev.fetchback.work.Body;
import dev.fetchback.work.Bytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OutboundPostTest {
    private static final byte[] TEXT = "0123456789".getBytes(StandardCharsets.US_ASCII);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Answering> pages = new ConcurrentHashMap<>();
    private final List<String> paths = new CopyOnWriteArrayList<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private HttpServer server;
    private Outbound outbound;
    private OutboundPost post;
    private volatile byte[] received = {};
    private volatile String signature = "";

    @FunctionalInterface
    private interface Answering {
        void answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    @BeforeEach
    void open() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
        outbound = outbound(AddressPolicy.parse("127.0.0.0/8"));
        post = new OutboundPost(outbound);
    }

    @AfterEach
    void close() {
        done.countDown();
        outbound.close();
        server.stop(0);
        threads.shutdownNow();
    }

    @Test
    void postsPartOfAnArray() throws Exception {
        assertThat(post.send(letter("/ok", new Post.Content.Bytes(TEXT, 4)))).isEqualTo(new Post.Reply.Answer(204, null));
        assertThat(received).isEqualTo("0123".getBytes(StandardCharsets.US_ASCII));
        assertThat(signature).isEqualTo("v1,abc");
    }

    @Test
    void postsALargeArray() throws Exception {
        byte[] large = random(3 << 20);
        post.send(letter("/ok", new Post.Content.Bytes(large, large.length - 5)));
        assertThat(received).isEqualTo(java.util.Arrays.copyOf(large, large.length - 5));
    }

    @Test
    void postsAStream() throws Exception {
        byte[] large = random(3 << 20);
        Post.Reply reply = post.send(letter("/ok", new Post.Content.Streamed(new Bytes(large))));
        assertThat(reply).isEqualTo(new Post.Reply.Answer(204, null));
        assertThat(received).isEqualTo(large);
    }

    @Test
    void aStreamThatBreaksIsNotTheReceiversFault() {
        Body broken = new TwoHalves(random(1 << 20), () -> {
            throw new IOException("the disk is gone");
        });
        assertThatThrownBy(() -> post.send(letter("/ok", new Post.Content.Streamed(broken))))
                .isInstanceOf(IOException.class)
                .hasMessage("the disk is gone");
    }

    @Test
    void givesBackStatusAndRetryAfterAndFollowsNothing() throws Exception {
        pages.put("/busy", exchange -> {
            exchange.getResponseHeaders().add("Retry-After", "17");
            exchange.sendResponseHeaders(503, -1);
        });
        pages.put("/moved", exchange -> {
            exchange.getResponseHeaders().add("Location", "/ok");
            exchange.sendResponseHeaders(307, -1);
        });
        assertThat(post.send(letter("/busy"))).isEqualTo(new Post.Reply.Answer(503, "17"));
        assertThat(post.send(letter("/moved"))).isEqualTo(new Post.Reply.Answer(307, null));
        assertThat(paths).containsExactly("/busy", "/moved");
    }

    @Test
    void readsNoMoreThanItMustOfALongAnswer() throws Exception {
        pages.put("/endless", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] chunk = new byte[64 << 10];
            for (int i = 0; i < 10_000; i++) {
                exchange.getResponseBody().write(chunk);
            }
        });
        assertThat(post.send(letter("/endless"))).isEqualTo(new Post.Reply.Answer(200, null));
    }

    @Test
    void theTimeoutCoversTheWholeExchange() throws Exception {
        pages.put("/silent", exchange -> done.await());
        pages.put("/half", exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            done.await();
        });
        for (String path : List.of("/silent", "/half")) {
            Post.Reply reply = post.send(letter(path, new Post.Content.Bytes(TEXT, 4), Duration.ofMillis(300)));
            assertThat(code(reply)).isEqualTo("deadline");
        }
    }

    @Test
    void sendsNothingWhereItMayNot() throws Exception {
        try (Outbound guarded = outbound(AddressPolicy.publicOnly())) {
            assertThat(code(new OutboundPost(guarded).send(letter("/ok")))).isEqualTo("blocked_address");
        }
        Post.Letter unusable = new Post.Letter("ftp://x", List.of(), new Post.Content.Bytes(TEXT, 1), Duration.ofSeconds(1));
        assertThat(code(post.send(unusable))).isEqualTo("bad_url");
        assertThat(paths).isEmpty();
    }

    private static Outbound outbound(AddressPolicy policy) {
        return new Outbound(OutboundSettings.DEFAULT, policy, (host, wait) -> Resolved.of(InetAddress.getByName(host)));
    }

    private static String code(Post.Reply reply) {
        return reply instanceof Post.Reply.NoAnswer(var problem) ? problem.code() : "no failure but " + reply;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            paths.add(exchange.getRequestURI().getPath());
            signature = exchange.getRequestHeaders().getFirst("webhook-signature");
            received = exchange.getRequestBody().readAllBytes();
            pages.getOrDefault(exchange.getRequestURI().getPath(), ok -> ok.sendResponseHeaders(204, -1)).answer(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Post.Letter letter(String path) {
        return letter(path, new Post.Content.Bytes(TEXT, 4));
    }

    private Post.Letter letter(String path, Post.Content content) {
        return letter(path, content, Duration.ofSeconds(20));
    }

    private Post.Letter letter(String path, Post.Content content, Duration timeout) {
        String url = "http://127.0.0.1:" + server.getAddress().getPort() + path;
        return new Post.Letter(url, List.of(new Header("webhook-signature", "v1,abc")), content, timeout);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    /** A body of twice the given bytes, where something happens in the middle. */
    private record TwoHalves(byte[] half, Middle middle) implements Body {
        @FunctionalInterface
        private interface Middle {
            void happens() throws IOException;
        }

        @Override
        public long length() {
            return 2L * half.length;
        }

        @Override
        public byte[] bytes() {
            throw new UnsupportedOperationException();
        }

        @Override
        public InputStream open() {
            InputStream first = new ByteArrayInputStream(half);
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    throw new UnsupportedOperationException();
                }

                @Override
                public int read(byte[] buffer, int offset, int count) throws IOException {
                    int read = first.read(buffer, offset, count);
                    if (read < 0) {
                        middle.happens();
                    }
                    return read;
                }
            };
        }

        @Override
        public void close() {
            // Nothing to give back.
        }
    }
}
