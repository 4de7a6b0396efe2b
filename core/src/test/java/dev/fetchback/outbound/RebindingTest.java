package dev.fetchback.outbound;

import static dev.fetchback.outbound.DnsStub.address;
import static dev.fetchback.outbound.DnsStub.alias;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;

/**
 * Names that change what they stand for, by a real DNS server on loopback: 127.0.0.1 is allowed, at 127.0.0.2 listens the canary
 * on the same port.
 */
class RebindingTest {
    private static final Exchange BLOCKED = new Exchange.Failure(
            Kind.BLOCKED_ADDRESS, "the URL leads to an address that is not allowed; 'fetchback check' tells the operator why");
    private static final String GOOD = "127.0.0.1";
    private static final String BAD = "127.0.0.2";

    private final AtomicLong now = new AtomicLong(System.nanoTime());
    private volatile DnsStub.Zone zone = question -> List.of();
    private DnsStub dns;
    private DnsResolver resolver;
    private RawServer server;
    private Canary canary;
    private Outbound outbound;

    @BeforeEach
    void open() throws Exception {
        dns = new DnsStub(question -> zone.answer(question));
        resolver = new DnsResolver(DnsServers.of(dns.server()), DnsStub.SHORT, now::get);
        server = new RawServer(call -> call.ok("good"));
        canary = new Canary(BAD, server.port());
        outbound = outbound(AddressPolicy.parse("127.0.0.1/32"));
    }

    @AfterEach
    void close() throws Exception {
        assertThat(canary.accepted()).as("connections to where nobody may go").isZero();
        new Socket(BAD, canary.port()).close();
        Fixture.until(() -> canary.accepted() == 1); // it would have counted
        outbound.close();
        canary.close();
        server.close();
        resolver.close();
        dns.close();
    }

    private Outbound outbound(AddressPolicy policy) {
        return new Outbound(new OutboundSettings(OutboundSettings.Timeouts.DEFAULT, 16, 0), policy, resolver);
    }

    private Target url(String host) throws BadUrl {
        return Target.parse("http://" + host + ":" + server.port() + "/");
    }

    private Exchange get(Target target) throws Exception {
        return outbound.exchange(Fixture.request("GET", target, null), BodySink.NONE);
    }

    private void all(Record... records) {
        zone = question -> question.reply(records);
    }

    private void nextTtl() {
        now.addAndGet(DnsResolver.TTL_MIN.toNanos());
    }

    @Test
    void aNameThatFlipsIsBlockedWhileItIsBad() throws Exception {
        for (int i = 0; i < 6; i++) {
            all(address("flip.test", 0, i % 2 == 0 ? GOOD : BAD));
            if (i % 2 == 0) {
                assertThat(get(url("flip.test"))).isInstanceOf(Exchange.Answer.class);
            } else {
                assertThat(get(url("flip.test"))).isEqualTo(BLOCKED);
            }
            nextTtl();
        }
        assertThat(server.heads()).hasSize(3);
        assertThat(outbound.meters().blocked()).isEqualTo(3);
    }

    @Test
    void everyAnswerOfAServerThatFlipsWithEachQuestionIsVetted() throws Exception {
        zone = question -> question.reply(address("flip.test", 0, question.number() / 2 % 2 == 0 ? GOOD : BAD));
        for (int i = 0; i < 10; i++) {
            get(url("flip.test"));
            nextTtl();
        }
        assertThat(server.heads()).isNotEmpty();
    }

    @Test
    void aNameThatFlipsBetweenTwoHopsIsBlocked() throws Exception {
        all(address("hop.test", 0, GOOD));
        try (RawServer hops = new RawServer(call -> {
                    all(address("hop.test", 0, BAD));
                    nextTtl();
                    call.send("HTTP/1.1 302 Found\r\nLocation: " + url("hop.test") + "next\r\nContent-Length: 0\r\n\r\n");
                })) {
            assertThat(get(Target.parse("http://hop.test:" + hops.port() + "/"))).isEqualTo(BLOCKED);
            assertThat(hops.heads()).hasSize(1);
        }
    }

    @Test
    void aNameThatFlipsWithinItsTtlStaysWhereItWas() throws Exception {
        all(address("flip.test", 0, GOOD));
        get(url("flip.test"));
        all(address("flip.test", 0, BAD));
        now.addAndGet(TimeUnit.SECONDS.toNanos(4));
        assertThat(get(url("flip.test"))).isInstanceOf(Exchange.Answer.class);
    }

    @Test
    void aKeptConnectionIsNotUsedForAnotherAddress() throws Exception {
        try (Outbound wide = outbound(AddressPolicy.parse("127.0.0.1/32,127.0.0.3/32"));
                Canary third = new Canary("127.0.0.3", server.port())) {
            Request request = Fixture.request("GET", url("move.test"), null);
            all(address("move.test", 0, GOOD));
            assertThat(wide.exchange(request, BodySink.NONE)).isInstanceOf(Exchange.Answer.class);
            nextTtl();
            all(address("move.test", 0, "127.0.0.3"));
            assertThat(wide.exchange(request, BodySink.NONE)).isInstanceOf(Exchange.Failure.class);
            Fixture.until(() -> third.accepted() == 1);
            nextTtl();
            all(address("move.test", 0, BAD));
            assertThat(wide.exchange(request, BodySink.NONE)).isEqualTo(BLOCKED);
            assertThat(wide.meters().reused()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({GOOD + "," + BAD, BAD + "," + GOOD, GOOD + ",::1", GOOD + ",169.254.169.254", GOOD + ",fd00:ec2::254"})
    void oneBadAddressAmongGoodOnesBlocksTheName(String first, String second) throws Exception {
        all(address("mixed.test", 60, first), address("mixed.test", 60, second));
        assertThat(get(url("mixed.test"))).isEqualTo(BLOCKED);
        assertThat(server.heads()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"::ffff:127.0.0.2", "64:ff9b::7f00:2", "2002:7f00:2::", "::127.0.0.2", "fe80::a9fe:a9fe"})
    void anAddressWithinAnAddressIsBlocked(String hidden) throws Exception {
        all(address("hidden.test", 60, hidden));
        assertThat(get(url("hidden.test"))).isEqualTo(BLOCKED);
    }

    @Test
    void anAliasOfAnInnerNameIsJudgedByItsAddress() throws Exception {
        all(alias("out.test", 60, "db.internal"), address("db.internal", 60, BAD));
        assertThat(get(url("out.test"))).isEqualTo(BLOCKED);
    }

    @Test
    void theWholeAnswerIsVettedNotOnlyWhatFitsInADatagram() throws Exception {
        zone = question -> {
            Message answer = question.tcp()
                    ? question.message(address("large.test", 60, GOOD), address("large.test", 60, BAD))
                    : question.message(address("large.test", 60, GOOD));
            if (!question.tcp()) {
                answer.getHeader().setFlag(Flags.TC);
            }
            return List.of(answer.toWire());
        };
        assertThat(get(url("large.test"))).isEqualTo(BLOCKED);
    }

    @Test
    void aForgedAnswerThatComesFirstIsNotBelieved() throws Exception {
        zone = question -> {
            Message forged = question.message(address("forged.test", 60, BAD));
            forged.getHeader().setID(question.query().getHeader().getID() + 1 & 0xffff);
            return List.of(forged.toWire(), question.reply(address("forged.test", 60, GOOD)).getFirst());
        };
        assertThat(get(url("forged.test"))).isInstanceOf(Exchange.Answer.class);
    }

    @Test
    void silenceEndsInTimeAsAFailureOfDns() throws Exception {
        try (DnsResolver real = dns.resolver();
                Outbound waiting = new Outbound(OutboundSettings.DEFAULT, AddressPolicy.parse("127.0.0.1/32"), real)) {
            long from = System.nanoTime();
            Exchange failure = waiting.exchange(Fixture.request("GET", url("silent.test"), null), BodySink.NONE);
            assertThat(((Exchange.Failure) failure).kind()).isEqualTo(Kind.DNS_FAILED);
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void everyDeniedTargetEndsInTheSameWords() throws Exception {
        zone = question -> question.reply(address(question.name(), 60, question.name().startsWith("own") ? GOOD : BAD));
        AddressPolicy policy = AddressPolicy.parse("127.0.0.1/32", "127.0.0.1/32:9003,8.8.8.8").closing(asked -> asked == 9002);
        try (Outbound strict = outbound(policy);
                Outbound publicOnly = outbound(AddressPolicy.publicOnly())) {
            for (String url : List.of("http://10.0.0.1/", "http://127.0.0.2:" + canary.port() + "/", "http://169.254.169.254/",
                    "http://[::1]/", "http://127.0.0.1:9002/", "http://own.test:9002/", "http://bad.test:" + canary.port() + "/",
                    "http://x.onion/", "http://127.0.0.1:9003/", "http://8.8.8.8/", "http://0/", "http://[fd00::1]/")) {
                assertThat(strict.exchange(Fixture.request("GET", Target.parse(url), null), BodySink.NONE)).as(url)
                        .isEqualTo(BLOCKED);
            }
            for (String url : List.of("http://localhost/", "http://a.localhost/", "http://printer.local/", "http://db.internal/",
                    "http://nas.home.arpa/", "http://x.i2p/", "http://intranet/", "http://metadata.google.internal/")) {
                assertThat(publicOnly.exchange(Fixture.request("GET", Target.parse(url), null), BodySink.NONE)).as(url)
                        .isEqualTo(BLOCKED);
            }
        }
        assertThat(dns.questions()).extracting(DnsStub.Question::name).containsOnly("own.test", "bad.test");
    }

    @Test
    void aSocketThatLeadsElsewhereIsNotWrittenTo() throws Exception {
        PoolKey key = new PoolKey(url("a.test").origin(), InetAddress.ofLiteral("127.0.0.9"), false);
        Connection connection = new Connection(key, new LongAdder(), new Turns());
        try {
            connection.connect(InetAddress.ofLiteral(GOOD), server.port(), 1_000);
            assertThat(connection.reaches(InetAddress.ofLiteral("127.0.0.9"))).isFalse();
            assertThat(connection.reaches(InetAddress.ofLiteral(GOOD))).isTrue();
            zone = question -> question.reply(address("a.test", 60, "127.0.0.9"));
            try (Outbound wide = outbound(AddressPolicy.parse("127.0.0.9/32"))) {
                wide.parts().pool().put(connection, TimeUnit.SECONDS.toNanos(9)); // as if it had been kept for that address
                assertThat(wide.exchange(Fixture.request("GET", url("a.test"), null), BodySink.NONE)).isEqualTo(BLOCKED);
            }
            assertThat(server.heads()).isEmpty();
        } finally {
            connection.close();
        }
    }
}
