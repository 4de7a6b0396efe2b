package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

class TlsTest {
    private static final class TlsServer implements AutoCloseable {
        private final SSLServerSocket server;
        private final AtomicInteger accepted = new AtomicInteger();
        private final Queue<String> names = new ConcurrentLinkedQueue<>();
        private final String answer;

        TlsServer(String answer) throws IOException {
            this.answer = answer;
            this.server = (SSLServerSocket) TestKeys.valid().getServerSocketFactory()
                    .createServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
            Thread.ofVirtual().start(() -> {
                while (!server.isClosed()) {
                    try {
                        SSLSocket socket = (SSLSocket) server.accept();
                        accepted.incrementAndGet();
                        Thread.ofVirtual().start(() -> serve(socket));
                    } catch (IOException e) {
                        // closed
                    }
                }
            });
        }

        private void serve(SSLSocket socket) {
            try (socket) {
                socket.startHandshake();
                names.add(((ExtendedSSLSession) socket.getSession()).getRequestedServerNames().toString());
                StringBuilder head = new StringBuilder();
                while (true) {
                    int b = socket.getInputStream().read();
                    if (b < 0) {
                        return;
                    }
                    head.append((char) b);
                    if (head.toString().endsWith("\r\n\r\n")) {
                        socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
                        head.setLength(0);
                    }
                }
            } catch (IOException e) {
                // as most tests want
            }
        }

        Target url(String host) throws BadUrl {
            return Target.parse("https://" + host + ":" + server.getLocalPort() + "/");
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static Outbound outbound(OutboundSettings.Timeouts timeouts, SSLContext trust) {
        Resolver all = (_, _) -> Resolved.of(InetAddress.ofLiteral("127.0.0.1"));
        return new Outbound(
                new OutboundSettings(timeouts, 8, 0), AddressPolicy.parse("127.0.0.0/8"), Outbound.Names.by(all), trust,
                System::nanoTime);
    }

    private static Outbound outbound() {
        return outbound(OutboundSettings.Timeouts.DEFAULT, TestKeys.trust());
    }

    private static Object get(Outbound outbound, Target target) throws Exception {
        Fixture.Collector collector = new Fixture.Collector();
        Exchange exchange = outbound.exchange(Fixture.request("GET", target, null), collector);
        return exchange instanceof Exchange.Failure(Kind kind, String _) ? kind : collector.text();
    }

    /** TLS asks its socket for the port; Java's own answer to that opens one more, which nobody closes. */
    @Test
    void connectionIsOneSocket() throws Exception {
        try (TlsServer server = new TlsServer(OK);
                Outbound outbound = outbound()) {
            assertThat(get(outbound, server.url("secure.test"))).as("opens what a first handshake opens").isEqualTo("hello");
            OpenSockets before = OpenSockets.now();
            try (TlsServer other = new TlsServer(OK)) {
                assertThat(get(outbound, other.url("secure.test"))).isEqualTo("hello");
                assertThat(before.others()).as("the listener and both ends").hasSize(before.names().isEmpty() ? 0 : 3);
            }
        }
    }

    @Test
    void checksTheNameAndSendsIt() throws Exception {
        try (TlsServer server = new TlsServer(OK);
                Outbound outbound = outbound()) {
            for (int i = 0; i < 3; i++) {
                assertThat(get(outbound, server.url("secure.test"))).isEqualTo("hello");
            }
            assertThat(server.accepted).as("kept").hasValue(1);
            assertThat(server.names.peek()).contains("secure.test");
            assertThat(get(outbound, server.url("127.0.0.1"))).isEqualTo("hello");
            assertThat(get(outbound, server.url("under_score.wild.test"))).as("beyond what Java can check")
                    .isEqualTo(Kind.TLS_UNTRUSTED);
            assertThat(get(outbound, server.url("other.test"))).isEqualTo(Kind.TLS_UNTRUSTED);
            assertThat(outbound.meters().open()).isEqualTo(2);
        }
    }

    @Test
    void refusesACertificateThatNobodyVouchesFor() throws Exception {
        try (TlsServer server = new TlsServer(OK);
                Outbound outbound = outbound(OutboundSettings.Timeouts.DEFAULT, SSLContext.getDefault())) {
            assertThat(get(outbound, server.url("secure.test"))).isEqualTo(Kind.TLS_UNTRUSTED);
            assertThat(outbound.meters().open()).isZero();
        }
    }

    @Test
    void neverGoesFromHttpsToHttp() throws Exception {
        try (RawServer canary = new RawServer(call -> call.ok("x"));
                TlsServer server = new TlsServer(
                        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + canary.port() + "/\r\nContent-Length: 0\r\n\r\n");
                Outbound outbound = outbound()) {
            assertThat(get(outbound, server.url("secure.test"))).isEqualTo(Kind.REDIRECT_BLOCKED);
            assertThat(canary.accepted()).isZero();
        }
    }

    @Test
    void goesFromHttpToHttps() throws Exception {
        try (TlsServer server = new TlsServer(OK);
                RawServer first = new RawServer(call -> call.send(
                        "HTTP/1.1 301 Moved\r\nLocation: " + server.url("secure.test") + "\r\nContent-Length: 0\r\n\r\n"));
                Outbound outbound = outbound()) {
            assertThat(get(outbound, first.url("/"))).isEqualTo("hello");
        }
    }

    @Test
    void endsHandshakesThatStallOrFail() throws Exception {
        try (Outbound outbound = outbound(Fixture.SHORT, TestKeys.trust());
                java.net.ServerSocket silent = new java.net.ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
                RawServer plain = new RawServer(call -> call.ok("x"))) {
            assertThat(get(outbound, Target.parse("https://secure.test:" + silent.getLocalPort() + "/")))
                    .isEqualTo(Kind.CONNECT_TIMEOUT);
            Thread.ofVirtual().start(() -> {
                try (var socket = silent.accept();
                        var second = silent.accept()) {
                    second.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
                    second.shutdownOutput();
                    second.getInputStream().readAllBytes();
                    socket.shutdownOutput();
                } catch (IOException e) {
                    // the client closes first
                }
            });
            assertThat(get(outbound, Target.parse("https://secure.test:" + silent.getLocalPort() + "/")))
                    .isEqualTo(Kind.TLS_FAILED);
            assertThat(outbound.meters().open()).isZero();
            assertThat(plain.accepted()).isZero();
        }
    }
}
