package dev.fetchback.outbound;

import static dev.fetchback.outbound.DnsStub.address;
import static dev.fetchback.outbound.DnsStub.alias;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Against a real DNS server on loopback. */
class DnsResolverTest {
    private static final long WAIT = TimeUnit.SECONDS.toNanos(5);

    private final AtomicLong now = new AtomicLong(System.nanoTime());

    private static List<String> addresses(Resolver resolver, String host) throws Exception {
        return resolver.resolve(host, WAIT).addresses().stream().map(InetAddress::getHostAddress).toList();
    }

    private static void refused(Resolver resolver, String host, String reason) {
        assertThatThrownBy(() -> resolver.resolve(host, WAIT))
                .isInstanceOf(UnknownHostException.class).hasMessageContaining(reason);
    }

    @Test
    void asksForBothFamiliesAtOnceAndPutsThemInTurn() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        try (DnsStub dns = new DnsStub(question -> {
                    both.countDown();
                    both.await(); // a question that waits for the other's answer never comes to its own
                    return question.reply(
                            address("a.test", 60, "192.0.2.1"), address("a.test", 60, "192.0.2.2"),
                            address("a.test", 60, "2001:db8::1"));
                });
                DnsResolver resolver = dns.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1", "2001:db8:0:0:0:0:0:1", "192.0.2.2");
            assertThat(dns.questions()).extracting(DnsStub.Question::name).containsOnly("a.test");
        }
    }

    @Test
    void usesAnIdAndAPortOfItsOwnForEachQuestion() throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.reply(address(question.name(), 60, "192.0.2.1")));
                DnsResolver resolver = dns.resolver()) {
            for (int i = 0; i < 16; i++) {
                resolver.resolve("n" + i + ".test", WAIT);
            }
            assertThat(dns.questions()).hasSize(32);
            assertThat(dns.questions().stream().map(question -> question.query().getHeader().getID()).distinct().count())
                    .isGreaterThan(28);
            assertThat(dns.questions().stream().map(DnsStub.Question::sourcePort).distinct().count()).isGreaterThan(28);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "4, 5", "60, 60", "300, 300", "301, 300", "2147483647, 300"})
    void keepsAnAnswerAsLongAsItSaysWithinBounds(long ttl, long kept) throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.reply(address("a.test", ttl, "192.0.2.1")));
                DnsResolver resolver = new DnsResolver(DnsServers.of(dns.server()), DnsStub.SHORT, this::clock)) {
            assertThat(resolver.resolve("a.test", WAIT).ttl()).isEqualTo(Duration.ofSeconds(kept));
            now.addAndGet(TimeUnit.SECONDS.toNanos(kept) - TimeUnit.MILLISECONDS.toNanos(1));
            resolver.resolve("a.test", WAIT);
            assertThat(dns.asked(Type.A)).isEqualTo(1);
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
            resolver.resolve("a.test", WAIT);
            assertThat(dns.asked(Type.A)).isEqualTo(2);
        }
    }

    private long clock() {
        return now.get();
    }

    @Test
    void keepsFailuresForFiveSeconds() throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.code(Rcode.NXDOMAIN));
                DnsResolver resolver = new DnsResolver(DnsServers.of(dns.server()), DnsStub.SHORT, this::clock)) {
            refused(resolver, "no.test", "has no address");
            now.addAndGet(NameCache.KEEP_FAILURE_NANOS - 1);
            refused(resolver, "no.test", "has no address");
            assertThat(dns.asked(Type.A)).isEqualTo(1);
            now.addAndGet(1);
            refused(resolver, "no.test", "has no address");
            assertThat(dns.asked(Type.A)).isEqualTo(2);
        }
    }

    @Test
    void followsAliasesInOneAnswerAndOverSeveral() throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.name().equals("c.test")
                        ? question.reply(address("c.test", 30, "192.0.2.1"))
                        : question.reply(alias("a.test", 60, "b.test"), alias("b.test", 60, "c.test")));
                DnsResolver resolver = dns.resolver()) {
            Resolved resolved = resolver.resolve("a.test", WAIT);
            assertThat(resolved.addresses()).containsExactly(InetAddress.ofLiteral("192.0.2.1"));
            assertThat(resolved.aliases()).containsExactly("b.test", "c.test");
            assertThat(resolved.ttl()).hasSeconds(30);
        }
    }

    @Test
    void endsAtAliasesWithoutEnd() throws Exception {
        try (DnsStub dns = new DnsStub(question -> {
                    int at = Integer.parseInt(question.name().substring(1, question.name().indexOf('.')));
                    return question.reply(alias("n" + at + ".test", 60, "n" + (at + 1) % 100 + ".test"));
                });
                DnsResolver resolver = dns.resolver()) {
            refused(resolver, "n0.test", "no name server could tell");
            assertThat(dns.asked(Type.A)).isLessThanOrEqualTo(DnsResolver.ALIASES_MAX + 1);
        }
    }

    @Test
    void endsAtAliasesInACircle() throws Exception {
        try (DnsStub dns = new DnsStub(
                        question -> question.reply(alias("a.test", 60, "b.test"), alias("b.test", 60, "a.test")));
                DnsResolver resolver = dns.resolver()) {
            refused(resolver, "a.test", "no name server could tell");
        }
    }

    @Test
    void believesNothingOfAnotherName() throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.reply(
                        address("other.test", 60, "192.0.2.66"), address(question.name(), 60, "192.0.2.1")));
                DnsResolver resolver = dns.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1");
        }
        try (DnsStub dns = new DnsStub(question -> question.reply(address("other.test", 60, "192.0.2.66")));
                DnsResolver resolver = dns.resolver()) {
            refused(resolver, "a.test", "has no address");
        }
    }

    @Test
    void passesOverWhatDoesNotAnswerItsQuestion() throws Exception {
        try (DnsStub dns = new DnsStub(question -> {
                    Message forged = question.message(address("a.test", 60, "192.0.2.66"), address("a.test", 60, "2001:db8::66"));
                    forged.getHeader().setID(question.query().getHeader().getID() ^ 1);
                    Message echoed = question.message(address("a.test", 60, "192.0.2.66"), address("a.test", 60, "2001:db8::66"));
                    echoed.getHeader().unsetFlag(Flags.QR);
                    Message other = new Message(question.query().getHeader().getID());
                    other.getHeader().setFlag(Flags.QR);
                    other.addRecord(Record.newRecord(address("b.test", 1, "192.0.2.1").getName(), Type.A, 1), Section.QUESTION);
                    other.addRecord(address("a.test", 60, "192.0.2.66"), Section.ANSWER);
                    List<byte[]> answers = new ArrayList<>(List.of(new byte[] {1, 2, 3}, new byte[0], forged.toWire(),
                            echoed.toWire(), other.toWire()));
                    answers.addAll(question.reply(address("a.test", 60, "192.0.2.1")));
                    return answers;
                });
                DnsResolver resolver = dns.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1");
        }
    }

    @Test
    void asksOverTcpWhatDoesNotFit() throws Exception {
        try (DnsStub dns = new DnsStub(question -> {
                    Message answer = question.message(address("a.test", 60, question.tcp() ? "192.0.2.1" : "192.0.2.66"));
                    if (!question.tcp()) {
                        answer.getHeader().setFlag(Flags.TC);
                    }
                    return List.of(answer.toWire());
                });
                DnsResolver resolver = dns.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1");
        }
    }

    @Test
    void endsInTimeWhenTheWholeAnswerDoesNotCome() throws Exception {
        AtomicLong connections = new AtomicLong();
        try (DnsStub dns = new DnsStub(question -> {
                    if (question.tcp()) {
                        connections.incrementAndGet();
                        return List.of(); // silent, the connection stays open
                    }
                    Message cut = question.message(address("a.test", 60, "192.0.2.66"));
                    cut.getHeader().setFlag(Flags.TC);
                    return List.of(cut.toWire());
                });
                DnsResolver resolver = dns.resolver()) {
            long from = System.nanoTime();
            refused(resolver, "a.test", "no name server could tell");
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isBetween(Duration.ofMillis(400), Duration.ofSeconds(2));
            assertThat(connections).hasPositiveValue();
        }
    }

    @Test
    void refusesANameWithAThousandAddresses() throws Exception {
        Record[] many = new Record[1000];
        for (int i = 0; i < many.length; i++) {
            many[i] = address("a.test", 60, "192.0." + i / 250 + "." + i % 250);
        }
        try (DnsStub dns = new DnsStub(question -> {
                    Message answer = question.message(question.tcp() ? many : new Record[0]);
                    if (!question.tcp()) {
                        answer.getHeader().setFlag(Flags.TC);
                    }
                    return List.of(answer.toWire());
                });
                DnsResolver resolver = dns.resolver()) {
            refused(resolver, "a.test", "has 1000 addresses; at most 64");
        }
    }

    @Test
    void asksTheNextServerWhenOneFailsOrIsSilent() throws Exception {
        try (DnsStub broken = new DnsStub(question -> question.code(Rcode.SERVFAIL));
                DnsStub silent = new DnsStub(question -> List.of());
                DnsStub good = new DnsStub(question -> question.reply(address("a.test", 60, "192.0.2.1")));
                DnsResolver resolver = new DnsResolver(
                        DnsServers.of(broken.server(), silent.server(), good.server()), DnsStub.SHORT, System::nanoTime)) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1");
        }
    }

    @Test
    void saysWhenNoServerAnswersWithinItsTime() throws Exception {
        try (DnsStub silent = new DnsStub(question -> List.of());
                DnsResolver resolver = silent.resolver()) {
            long from = System.nanoTime();
            refused(resolver, "a.test", "no name server could tell");
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isBetween(Duration.ofMillis(400), Duration.ofSeconds(2));
            assertThat(silent.asked(Type.A)).isEqualTo(2);
        }
    }

    @Test
    void doesNotWaitLongForAFamilyThatIsNotAnswered() throws Exception {
        try (DnsStub half = new DnsStub(
                        question -> question.wants(Type.A) ? question.reply(address("a.test", 60, "192.0.2.1")) : List.of());
                DnsResolver resolver = half.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("192.0.2.1");
        }
        try (DnsStub half = new DnsStub(question -> question.wants(Type.AAAA)
                        ? question.reply(address("a.test", 60, "2001:db8::1"))
                        : question.code(Rcode.SERVFAIL));
                DnsResolver resolver = half.resolver()) {
            assertThat(addresses(resolver, "a.test")).containsExactly("2001:db8:0:0:0:0:0:1");
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 60", "2, 5"}) // NXDOMAIN is an answer, SERVFAIL none: without IPv4 the name is asked for again soon
    void usesAnIPv6AddressAlone(int rcode, long kept) throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.wants(Type.AAAA)
                        ? question.reply(address("six.test", 60, "2001:db8::1"))
                        : question.code(rcode));
                DnsResolver resolver = dns.resolver()) {
            Resolved resolved = resolver.resolve("six.test", WAIT);
            assertThat(resolved.addresses()).containsExactly(InetAddress.ofLiteral("2001:db8::1"));
            assertThat(resolved.ttl()).hasSeconds(kept);
        }
    }

    @Test
    void tellsANameWithoutAddressFromServersThatDoNotKnow() throws Exception {
        try (DnsStub dns = new DnsStub(question -> switch (question.name()) {
                    case "gone.test" -> question.code(Rcode.NXDOMAIN);
                    case "empty.test" -> question.reply();
                    case "dangling.test" -> {
                        Message answer = question.message(alias("dangling.test", 60, "nowhere.test"));
                        answer.getHeader().setRcode(Rcode.NXDOMAIN);
                        yield List.of(answer.toWire());
                    }
                    case "broken.test" -> question.code(Rcode.SERVFAIL);
                    default -> question.code(Rcode.REFUSED);
                });
                DnsResolver resolver = dns.resolver()) {
            for (String host : List.of("gone.test", "empty.test", "dangling.test")) {
                refused(resolver, host, "the name " + host + " has no address");
            }
            for (String host : List.of("broken.test", "refused.test")) {
                refused(resolver, host, "no name server could tell the addresses of " + host);
            }
            assertThat(dns.questions()).extracting(DnsStub.Question::name).doesNotContain("nowhere.test");
        }
    }

    @Test
    void sharesALookupOfManyCallers() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (DnsStub dns = new DnsStub(question -> {
                    go.await();
                    return question.reply(address("a.test", 60, "192.0.2.1"));
                });
                DnsResolver resolver = new DnsResolver(DnsServers.of(dns.server()))) {
            List<Thread> callers = new ArrayList<>();
            AtomicLong answered = new AtomicLong();
            for (int i = 0; i < 50; i++) {
                callers.add(Thread.ofVirtual().start(() -> {
                    try {
                        answered.addAndGet(resolver.resolve("a.test", WAIT).addresses().size());
                    } catch (UnknownHostException | InterruptedException e) {
                        // not counted
                    }
                }));
            }
            Fixture.until(() -> callers.stream().allMatch(caller -> caller.getState() == Thread.State.TIMED_WAITING));
            go.countDown();
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(answered).hasValue(50);
            assertThat(dns.asked(Type.A)).isEqualTo(1);
        }
    }

    @Test
    void waitsNoLongerThanItsCallerAndEndsWhenInterrupted() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (DnsStub silent = new DnsStub(question -> {
                    asked.countDown();
                    return List.of();
                });
                DnsResolver resolver = new DnsResolver(DnsServers.of(silent.server()))) {
            assertThatThrownBy(() -> resolver.resolve("a.test", TimeUnit.MILLISECONDS.toNanos(20)))
                    .hasMessageContaining("in time");
            assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread caller = Thread.ofVirtual().start(() -> {
                try {
                    resolver.resolve("a.test", WAIT);
                } catch (UnknownHostException | InterruptedException e) {
                    thrown.set(e);
                }
            });
            caller.interrupt();
            caller.join(2_000);
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void namesThatNobodyAnswersForHoldUpNoOther() throws Exception {
        CountDownLatch asked = new CountDownLatch(256);
        try (DnsStub dns = new DnsStub(question -> {
                    if (question.name().startsWith("silent") && question.wants(Type.A)) {
                        asked.countDown();
                    }
                    return question.name().startsWith("good")
                            ? question.reply(address(question.name(), 60, "192.0.2.1"))
                            : List.of();
                });
                DnsResolver resolver = new DnsResolver(DnsServers.of(dns.server()))) {
            for (int i = 0; i < 256; i++) {
                String host = "silent" + i + ".test";
                Thread.ofVirtual().start(() -> refused(resolver, host, ""));
            }
            assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
            Duration best = Duration.ofDays(1);
            for (int i = 0; i < 5; i++) { // one may be late on a busy machine, or its datagram lost
                long from = System.nanoTime();
                assertThat(addresses(resolver, "good" + i + ".test")).containsExactly("192.0.2.1");
                Duration took = Duration.ofNanos(System.nanoTime() - from);
                best = took.compareTo(best) < 0 ? took : best;
            }
            assertThat(best).isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    void closesWithWhatIsUnderWay() throws Exception {
        CountDownLatch asked = new CountDownLatch(2);
        try (DnsStub silent = new DnsStub(question -> {
                    asked.countDown();
                    return List.of();
                })) {
            DnsResolver resolver = new DnsResolver(DnsServers.of(silent.server()));
            Thread caller = Thread.ofVirtual().start(() -> refused(resolver, "a.test", "could not be resolved"));
            assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
            long from = System.nanoTime();
            resolver.close();
            caller.join(2_000);
            assertThat(caller.isAlive()).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofMillis(800));
            refused(resolver, "b.test", "too many names");
        }
    }

    @Test
    void knowsLocalhostAndTooLongNamesWithoutAsking() throws Exception {
        try (DnsStub dns = new DnsStub(question -> question.reply(address(question.name(), 60, "192.0.2.66")));
                DnsResolver resolver = dns.resolver()) {
            assertThat(addresses(resolver, "localhost")).containsExactly("127.0.0.1");
            assertThat(addresses(resolver, "a.localhost")).containsExactly("127.0.0.1");
            refused(resolver, ("a".repeat(49) + ".").repeat(5) + "test", "at most 253 characters, this one 254");
            assertThat(dns.questions()).isEmpty();
        }
    }

    @Test
    void readsItsServersAgainWhenTheFileChanges(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("resolv.conf");
        Files.writeString(
                file, "# mine\nsearch corp.test\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 \nnameserver nonsense\n");
        DnsServers servers = DnsServers.file(file, now::get);
        assertThat(servers.now()).extracting(server -> server.getAddress().getHostAddress() + " " + server.getPort())
                .containsExactly("192.0.2.1 53", "2001:db8:0:0:0:0:0:1 53");
        Files.writeString(file, "nameserver 192.0.2.2\n".repeat(5));
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));
        assertThat(servers.now()).hasSize(2);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertThat(servers.now()).hasSize(3).extracting(server -> server.getAddress().getHostAddress()).containsOnly("192.0.2.2");
        Files.delete(file);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertThat(servers.now()).hasSize(3);
        assertThat(DnsServers.file(file, now::get).now()).hasToString("[/127.0.0.1:53]");
    }

    @Test
    void takesServersOfAnInterfaceAndLeavesThoseOutWhoseInterfaceIsNotThere(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("resolv.conf");
        Files.writeString(file, "nameserver fe80::1%nosuch0\nnameserver fe80::2%1\n");
        assertThat(DnsServers.file(file, now::get).now()).hasToString("[/[fe80:0:0:0:0:0:0:2%1]:53]");
        assertThat(DnsServers.parse("fe80::2%1,[fe80::2%1]:54").now()).hasSize(2);
        Files.writeString(file, "search corp.test\n");
        assertThat(DnsServers.file(file, now::get).now()).hasToString("[/127.0.0.1:53]");
    }

    @Test
    void takesAListOfServers() {
        assertThat(DnsServers.parse("192.0.2.1, 192.0.2.2:5353,[2001:db8::1]:54,2001:db8::2").now())
                .hasToString("[/192.0.2.1:53, /192.0.2.2:5353, /[2001:db8:0:0:0:0:0:1]:54, /[2001:db8:0:0:0:0:0:2]:53]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            dns.test             | 'dns.test'
            192.0.2.1:0          | '192.0.2.1:0'
            192.0.2.1:65536      | from 1 to 65535
            192.0.2.1,,192.0.2.2 | ''
            [2001:db8::1         | IPv6
            192.0.2              | '192.0.2'
            192.0.2.1,192.0.2.1  | twice
            """)
    void saysWhatIsWrongWithAListOfServers(String list, String reason) {
        assertThatThrownBy(() -> DnsServers.parse(list)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}
