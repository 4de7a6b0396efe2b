package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedirectTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private static RawServer.Script redirect(int status, String location) {
        return call -> {
            if (call.path().equals("/")) {
                call.send("HTTP/1.1 " + status + " Moved\r\nLocation: " + location + "\r\nContent-Length: 4\r\n\r\ngone");
            } else {
                call.ok(call.method() + " " + call.path() + " " + call.body().length);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({
        "301, GET, GET /to?x 0", "302, GET, GET /to?x 0", "303, GET, GET /to?x 0", "307, GET, GET /to?x 0",
        "308, GET, GET /to?x 0",
        "301, POST, GET /to?x 0", "302, POST, GET /to?x 0", "303, POST, GET /to?x 0", "307, POST, POST /to?x 4",
        "308, POST, POST /to?x 4",
        "301, PUT, PUT /to?x 4", "302, PUT, PUT /to?x 4", "303, PUT, GET /to?x 0", "307, PUT, PUT /to?x 4",
        "303, DELETE, GET /to?x 0"
    })
    void followsByTheRulesOfTheMethod(int status, String method, String expected) throws Exception {
        try (RawServer server = new RawServer(redirect(status, "to?x#y"))) {
            String body = method.equals("GET") ? null : "body";
            Fixture.Result result =
                    fixture.send(Fixture.request(method, server.url("/"), body, new Field("Content-Type", "text/plain")));
            assertThat(result.body()).isEqualTo(expected);
            assertThat(result.answer().target()).isEqualTo(server.url("/to?x"));
            assertThat(result.answer().redirects()).isEqualTo(1);
            assertThat(server.accepted()).as("the same connection").isEqualTo(1);
            assertThat(server.heads().getLast().contains("Content-Type"))
                    .isEqualTo(expected.endsWith("4") || method.equals("GET"));
        }
    }

    @Test
    void aConditionGoesOnlyToTheTargetThatItNames() throws Exception {
        RawServer.Script script = call -> {
            switch (call.path()) {
                case "/" -> call.send("HTTP/1.1 302 Found\r\nLocation: /middle\r\nContent-Length: 0\r\n\r\n");
                case "/middle" -> call.send("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n");
                default -> call.ok("page");
            }
        };
        for (String named : List.of("/", "/middle", "/end", "/end?x")) {
            try (RawServer server = new RawServer(script)) {
                List<Field> tag = List.of(new Field("If-None-Match", "\"v1\""));
                Request request = Fixture.request("GET", server.url("/"), null, new Field("X-Own", "1"))
                        .withCondition(new Request.Condition(server.url(named), tag));
                assertThat(fixture.send(request).body()).isEqualTo("page");
                assertThat(server.heads()).hasSize(3).allMatch(head -> head.contains("X-Own: 1"));
                assertThat(server.heads()).allSatisfy(head -> assertThat(head.contains("\r\nIf-None-Match: \"v1\"\r\n"))
                        .isEqualTo(head.startsWith("GET " + named + " ")));
            }
        }
    }

    @Test
    void aConditionFollowsToAnotherOriginThatItNames() throws Exception {
        try (RawServer other = new RawServer(call -> call.send("HTTP/1.1 304 Not Modified\r\n\r\n"));
                RawServer server = new RawServer(call -> call.send(
                        "HTTP/1.1 302 Found\r\nLocation: " + other.url("/") + "\r\nContent-Length: 0\r\n\r\n"))) {
            Request request = Fixture.request("GET", server.url("/"), null)
                    .withCondition(new Request.Condition(other.url("/"), List.of(new Field("If-None-Match", "\"v1\""))));
            assertThat(fixture.send(request).answer().status()).isEqualTo(304);
            assertThat(server.heads().getFirst()).doesNotContain("If-None-Match");
            assertThat(other.heads().getFirst()).contains("If-None-Match: \"v1\"");
        }
    }

    @Test
    void aConditionThatCannotBeSentIsRefused() throws Exception {
        Target target = Target.parse("http://a.example/");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Request.Condition(target, List.of(new Field("If-None-Match", "\"a\r\nX: 1\""))));
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 304, 305, 306, 399})
    void otherAnswersOfTheClassAreAnswers(int status) throws Exception {
        try (RawServer server = new RawServer(redirect(status, "/to"))) {
            assertThat(fixture.get(server.url("/")).answer().status()).isEqualTo(status);
        }
    }

    @Test
    void aRedirectWithoutALocationIsAnAnswer() throws Exception {
        try (RawServer server = new RawServer(call -> call.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"))) {
            assertThat(fixture.get(server.url("/")).answer().status()).isEqualTo(302);
        }
    }

    @Test
    void aRequestMayAskForNoneToBeFollowed() throws Exception {
        try (RawServer server = new RawServer(redirect(301, "/to"))) {
            Request request = new Request(server.url("/"), "POST", List.of(), null, Request.Limits.call(Fixture.TOTAL, 100));
            Fixture.Result result = fixture.send(request);
            assertThat(result.answer().status()).isEqualTo(301);
            assertThat(result.body()).isEqualTo("gone");
        }
    }

    @Test
    void followsNoMoreThanAsked() throws Exception {
        try (RawServer server = new RawServer(call -> call.send("HTTP/1.1 302 Found\r\nLocation: " + call.path()
                + "x\r\nContent-Length: 0\r\n\r\n"))) {
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.TOO_MANY_REDIRECTS);
            assertThat(server.heads()).hasSize(6);
            Request none = new Request(server.url("/"), "GET", List.of(), null, Request.Limits.page(Fixture.TOTAL, 1000, 0));
            assertThat(fixture.send(none).kind()).isEqualTo(Kind.TOO_MANY_REDIRECTS);
        }
    }

    @Test
    void seesLoops() throws Exception {
        try (RawServer server = new RawServer(call -> call.send("HTTP/1.1 302 Found\r\nLocation: "
                + (call.path().equals("/a") ? "/b" : "/a") + "\r\nContent-Length: 0\r\n\r\n"))) {
            assertThat(fixture.get(server.url("/a")).kind()).isEqualTo(Kind.REDIRECT_LOOP);
            assertThat(server.heads()).hasSize(2);
        }
        try (RawServer server = new RawServer(redirect(302, "#self"))) {
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.REDIRECT_LOOP);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "javascript:alert(1)", "data:text/plain,x",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:22/", "http://127.0.0.1:99999/", "/\\127.0.0.1/", "http:///x", "http://", "//"
    })
    void goesNowhereThatIsNoWebPage(String location) throws Exception {
        try (RawServer server = new RawServer(redirect(302, location))) {
            Fixture.Result result = fixture.get(server.url("/"));
            assertThat(result.kind()).isEqualTo(Kind.REDIRECT_BLOCKED);
            assertThat(((Exchange.Failure) result.exchange()).detail()).doesNotContain("u:p");
        }
    }

    @Test
    void aLocationSaidTwiceMustBeTheSame() throws Exception {
        try (RawServer server = new RawServer(redirect(302, "/a\r\nLocation: /b"))) {
            assertThat(fixture.get(server.url("/")).kind()).isEqualTo(Kind.BAD_HTTP);
        }
        try (RawServer server = new RawServer(redirect(302, "/a\r\nLocation: /a"))) {
            assertThat(fixture.get(server.url("/")).answer().status()).isEqualTo(200);
        }
    }

    @Test
    void secretsStayWithTheirOrigin() throws Exception {
        try (RawServer other = new RawServer(redirect(302, "/back"));
                RawServer first = new RawServer(redirect(307, "http://127.0.0.1:" + other.port() + "/"))) {
            Field[] fields = {
                new Field("Authorization", "Bearer secret"),
                new Field("Cookie", "secret"),
                new Field("X-Api-Key", "secret"),
                new Field("User-Agent", "agent"),
                new Field("Accept-Language", "de"),
                new Field("Content-Type", "text/plain")
            };
            Fixture.Result result = fixture.send(Fixture.request("POST", first.url("/"), "body", fields));
            assertThat(result.answer().redirects()).isEqualTo(2);
            assertThat(first.heads().getFirst()).contains("secret");
            assertThat(other.heads()).hasSize(2).allSatisfy(head -> assertThat(head)
                    .doesNotContain("secret")
                    .contains("User-Agent: agent", "Accept-Language: de"));
            assertThat(other.heads().getFirst()).contains("Content-Type: text/plain", "Content-Length: 4");
            assertThat(other.heads().getLast()).doesNotContain("Content-");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.2:%d/", "http://inside.test:%d/", "http://[::1]:%d/", "http://2130706434:%d/",
            "//127.0.0.2:%d/x"})
    void neverConnectsToADeniedAddress(String location) throws Exception {
        try (RawServer canary = new RawServer(call -> call.ok("secret"));
                RawServer server = new RawServer(redirect(302, location.formatted(canary.port())));
                Fixture guarded = new Fixture(OutboundSettings.DEFAULT, "127.0.0.1/32:" + server.port())) {
            guarded.names.put("inside.test", List.of(InetAddress.ofLiteral("127.0.0.1")));
            Fixture.Result result = guarded.get(server.url("/"));
            assertThat(result.exchange()).isEqualTo(new Exchange.Failure(Kind.BLOCKED_ADDRESS,
                    "the URL leads to an address that is not allowed; 'fetchback check' tells the operator why"));
            assertThat(canary.accepted()).isZero();
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void oneDeniedAddressAmongManyBlocksTheName() throws Exception {
        try (RawServer canary = new RawServer(call -> call.ok("secret"));
                Fixture guarded = new Fixture(OutboundSettings.DEFAULT, "127.0.0.1/32")) {
            guarded.names.put("mixed.test", List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("10.0.0.1")));
            assertThat(guarded.get(Target.parse("http://mixed.test:" + canary.port() + "/")).kind())
                    .isEqualTo(Kind.BLOCKED_ADDRESS);
            assertThat(canary.accepted()).isZero();
        }
    }

    @Test
    void aNameThatMovesNeverRidesAnOldConnection() throws Exception {
        try (RawServer server = new RawServer(call -> call.ok("x"));
                Fixture guarded = new Fixture(OutboundSettings.DEFAULT, "127.0.0.1/32")) {
            Target target = Target.parse("http://moving.test:" + server.port() + "/");
            guarded.names.put("moving.test", List.of(InetAddress.ofLiteral("127.0.0.1")));
            assertThat(guarded.get(target).body()).isEqualTo("x");
            guarded.names.put("moving.test", List.of(InetAddress.ofLiteral("127.0.0.2")));
            assertThat(guarded.get(target).kind()).isEqualTo(Kind.BLOCKED_ADDRESS);
        }
    }

    @Test
    void aTrustedOriginIsReachedThoughItsAddressIsDenied() throws Exception {
        try (RawServer trusted = new RawServer(redirect(302, "/to"));
                RawServer canary = new RawServer(call -> call.ok("secret"))) {
            AddressPolicy policy = AddressPolicy.publicOnly().trusting(List.of(Target.parse("http://app.test:" + trusted.port()
                    + "/")));
            try (Fixture guarded = new Fixture(OutboundSettings.DEFAULT, policy)) {
                guarded.names.put("app.test", List.of(InetAddress.ofLiteral("127.0.0.1")));
                guarded.names.put("evil.test", List.of(InetAddress.ofLiteral("127.0.0.1")));
                assertThat(guarded.get(Target.parse("http://app.test:" + trusted.port() + "/")).answer().status()).isEqualTo(200);
                assertThat(guarded.get(trusted.url("/")).kind()).as("by its address").isEqualTo(Kind.BLOCKED_ADDRESS);
                assertThat(guarded.get(Target.parse("http://evil.test:" + trusted.port() + "/")).kind())
                        .as("by another name")
                        .isEqualTo(Kind.BLOCKED_ADDRESS);
                assertThat(guarded.get(Target.parse("http://app.test:" + canary.port() + "/")).kind())
                        .as("on another port")
                        .isEqualTo(Kind.BLOCKED_ADDRESS);
                assertThat(canary.accepted()).isZero();
            }
        }
    }

    @Test
    void theDeadlineCoversAllHops() throws Exception {
        AtomicInteger hops = new AtomicInteger();
        try (RawServer server = new RawServer(call -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            call.send("HTTP/1.1 302 Found\r\nLocation: /" + hops.incrementAndGet() + "\r\nContent-Length: 0\r\n\r\n");
        })) {
            Request request = new Request(
                    server.url("/"), "GET", List.of(), null, Request.Limits.page(Duration.ofMillis(350), 1000, 20));
            assertThat(fixture.send(request).kind()).isEqualTo(Kind.DEADLINE);
            assertThat(hops.get()).isLessThan(6);
        }
    }

    @Test
    void aHopsEndlessBodyIsNotRead() throws Exception {
        try (RawServer server = new RawServer(call -> {
            if (call.path().equals("/to")) {
                call.ok("there");
                return;
            }
            call.send("HTTP/1.1 302 Found\r\nLocation: /to\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) {
                call.send("1000\r\n" + "x".repeat(0x1000) + "\r\n");
            }
        })) {
            assertThat(fixture.get(server.url("/")).body()).isEqualTo("there");
            assertThat(server.accepted()).isEqualTo(2);
        }
    }
}
