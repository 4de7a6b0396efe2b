package dev.fetchback.outbound;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.xbill.DNS.Record;

/**
 * Measures exchanges a second and CPU time an exchange against a keep-alive server on loopback. Not a test; run by hand:
 * {@code OutboundSpeed server PORT BYTES} in one process, {@code OutboundSpeed client PORT THREADS SECONDS} in another; or
 * {@code OutboundSpeed hold PORT COUNT} for the memory of exchanges that wait for an answer, against a server of 0 bytes, which
 * gives none; or {@code OutboundSpeed guard 0 COUNT} for what the guard costs a fetch, with its name in the cache and without.
 */
final class OutboundSpeed {
    private OutboundSpeed() {}

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[1]);
        int count = Integer.parseInt(args[2]);
        switch (args[0]) {
            case "server" -> serve(port, count);
            case "hold" -> hold(port, count);
            case "guard" -> guard(count);
            default -> measure(port, count, Integer.parseInt(args[3]));
        }
    }

    private static void measure(int port, int threads, int seconds) throws Exception {
        Target target = Target.parse("http://127.0.0.1:" + port + "/");
        AddressPolicy policy = AddressPolicy.parse("127.0.0.0/8");
        Request request = new Request(
                target,
                "GET",
                List.of(new Field("User-Agent", "fetchback-speed/1"), new Field("Accept", "*/*")),
                null,
                Request.Limits.page(Duration.ofSeconds(60), 10 << 20, 10));
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        try (SystemResolver resolver = new SystemResolver();
                Outbound outbound = new Outbound(OutboundSettings.DEFAULT.withPerAddress(0), policy, resolver)) {
            LongAdder done = new LongAdder();
            LongAdder failed = new LongAdder();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                callers.add(Thread.ofVirtual().start(() -> call(outbound, request, done, failed)));
            }
            for (int i = 0; i < seconds; i++) {
                long from = System.nanoTime();
                long cpu = system.getProcessCpuTime();
                long before = done.sum();
                Thread.sleep(1000);
                long count = done.sum() - before;
                double rate = count * 1e9 / (System.nanoTime() - from);
                double micros = (system.getProcessCpuTime() - cpu) / 1e3 / Math.max(count, 1);
                System.out.printf(
                        "%8.0f exchanges/s %6.1f us CPU each, %d failed, %d open%n", rate, micros, failed.sum(),
                        outbound.meters().open());
            }
            callers.forEach(Thread::interrupt);
        }
    }

    private static void guard(int count) throws Exception {
        String lists = "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16,172.16.1.0/24,172.16.2.0/24,192.168.1.0/24,fd00::/8";
        AddressPolicy plain = AddressPolicy.publicOnly().closing(asked -> asked == 8080);
        AddressPolicy listed = AddressPolicy.parse(lists, "9.9.9.9,8.8.4.4,1.0.0.0/24,2a02::/16").closing(asked -> asked == 8080);
        Record[] eight = new Record[8];
        for (int i = 0; i < eight.length; i++) {
            eight[i] = DnsStub.address("eight.test", 300, i < 4 ? "151.101.1." + i : "2a04:4e42::" + i);
        }
        Record one = DnsStub.address("one.test", 300, "93.184.215.14");
        try (DnsStub dns = new DnsStub(
                        question -> switch (question.name()) {
                            case "one.test" -> question.reply(one);
                            case "eight.test" -> question.reply(eight);
                            default -> question.reply(DnsStub.address(question.name(), 300, "93.184.215.14"));
                        });
                DnsResolver resolver = new DnsResolver(DnsServers.of(dns.server()))) {
            for (int round = 0; round < 5; round++) {
                long from = System.nanoTime();
                for (int i = 0; i < 2_000; i++) {
                    resolver.resolve("one-" + round + "-" + i + ".test", 1_000_000_000);
                }
                System.out.printf("name not in the cache: %.0f us each, server in the same process%n",
                        (System.nanoTime() - from) / 2_000 / 1e3);
            }
            for (AddressPolicy policy : List.of(plain, listed)) {
                Vetter vetter = new Vetter(policy, resolver, resolver);
                for (String host : List.of("93.184.215.14", "one.test", "eight.test")) {
                    Target target = Target.parse("https://" + host + "/");
                    for (int round = 0; round < 5; round++) {
                        long from = System.nanoTime();
                        int addresses = 0;
                        for (int i = 0; i < count; i++) {
                            addresses += vetter.vet(target, 1_000_000_000).findings().size();
                        }
                        long each = (System.nanoTime() - from) / count;
                        System.out.printf("%s %s: %d addresses, %.3f us each%n",
                                policy == plain ? "no lists" : "12 entries", host, addresses / count, each / 1e3);
                    }
                }
            }
        }
    }

    private static void hold(int port, int count) throws Exception {
        Request request = new Request(
                Target.parse("http://127.0.0.1:" + port + "/"),
                "GET",
                List.of(new Field("User-Agent", "fetchback-speed/1")),
                null,
                Request.Limits.page(Duration.ofSeconds(60), 10 << 20, 10));
        Duration minute = Duration.ofMinutes(1);
        OutboundSettings patient = new OutboundSettings(
                new OutboundSettings.Timeouts(minute, minute, minute, minute, minute, minute), 0, 0);
        try (SystemResolver resolver = new SystemResolver();
                Outbound outbound = new Outbound(patient, AddressPolicy.parse("127.0.0.0/8"), resolver)) {
            Runtime runtime = Runtime.getRuntime();
            System.gc();
            long before = runtime.totalMemory() - runtime.freeMemory();
            LongAdder done = new LongAdder();
            LongAdder failed = new LongAdder();
            for (int i = 0; i < count; i++) {
                Thread.ofVirtual().start(() -> call(outbound, request, done, failed));
            }
            Thread.sleep(8_000);
            System.gc();
            long after = runtime.totalMemory() - runtime.freeMemory();
            System.out.printf("%d open, %d failed, %d bytes of heap each%n", outbound.meters().open(), failed.sum(),
                    (after - before) / count);
        }
    }

    private static void call(Outbound outbound, Request request, LongAdder done, LongAdder failed) {
        BodySink sink = new BodySink() {
            @Override
            public boolean begin(int status, List<Field> fields, long length) {
                return true;
            }

            @Override
            public void write(byte[] buffer, int offset, int count) {
                // Only the way here is measured.
            }
        };
        try {
            while (true) {
                (outbound.exchange(request, sink) instanceof Exchange.Answer ? done : failed).increment();
            }
        } catch (InterruptedException e) {
            // The measurement is over.
        }
    }

    private static void serve(int port, int bytes) throws IOException {
        byte[] answer = bytes == 0 ? new byte[0]
                : ("HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nServer: speed\r\nContent-Type: text/html\r\n"
                        + "Cache-Control: no-cache\r\nContent-Length: " + bytes + "\r\n\r\n" + "x".repeat(bytes))
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer out = ByteBuffer.allocateDirect(answer.length).put(answer).flip();
        ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
        try (ServerSocketChannel server = ServerSocketChannel.open();
                Selector selector = Selector.open()) {
            server.bind(new InetSocketAddress("127.0.0.1", port), 10_000);
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            System.out.println("serving " + bytes + " bytes on port " + port);
            while (true) {
                selector.select(key -> {
                    try {
                        if (key.isAcceptable()) {
                            SocketChannel client = server.accept();
                            client.configureBlocking(false);
                            client.register(selector, SelectionKey.OP_READ);
                        } else {
                            answer((SocketChannel) key.channel(), in.clear(), out);
                        }
                    } catch (IOException e) {
                        key.cancel();
                    }
                });
            }
        }
    }

    private static void answer(SocketChannel client, ByteBuffer in, ByteBuffer out) throws IOException {
        int count = client.read(in);
        if (count < 0) {
            client.close();
        }
        if (count > 0 && out.hasRemaining() && in.get(count - 1) == '\n') {
            ByteBuffer whole = out.duplicate();
            while (whole.hasRemaining()) {
                client.write(whole);
            }
        }
    }
}
