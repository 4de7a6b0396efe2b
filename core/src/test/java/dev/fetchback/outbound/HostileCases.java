package dev.fetchback.outbound;

import static dev.fetchback.outbound.HostileCase.answers;
import static dev.fetchback.outbound.HostileCase.fails;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.Deflater;
import javax.net.ssl.SSLSocket;

/** What servers do to a client, group by group. {@code ~} stands for CR LF. */
final class HostileCases {
    private static final String OK = "HTTP/1.1 200 OK~";
    private static final String CHUNKED = OK + "Transfer-Encoding: chunked~~";

    private HostileCases() {}

    static List<HostileCase> all() {
        List<HostileCase> all = new ArrayList<>();
        all.addAll(slow());
        all.addAll(floods());
        all.addAll(cut());
        all.addAll(notHttp());
        all.addAll(lenient());
        all.addAll(codings());
        all.addAll(redirects());
        List<HostileCase> secure = new ArrayList<>();
        secure.addAll(slow());
        secure.addAll(floods());
        secure.addAll(lenient());
        secure.forEach(one -> all.add(one.over(RawServer.Transport.TLS)));
        all.addAll(tls());
        return all;
    }

    static byte[] bytes(String text) {
        return text.replace("~", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static RawServer.Script sends(String text) {
        return call -> {
            call.send(bytes(text));
            call.untilClosed();
        };
    }

    private static RawServer.Script sendsAndCloses(String text) {
        return call -> {
            call.send(bytes(text));
            call.socket().close();
        };
    }

    /** Sends a byte every now and then. */
    static RawServer.Script drips(String start, String text, int millis) {
        return call -> {
            call.send(bytes(start));
            for (byte b : bytes(text)) {
                call.send(new byte[] {b});
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
            }
            call.untilClosed();
        };
    }

    /** Sends the same for ever. */
    static RawServer.Script floods(String start, byte[] part) {
        return call -> {
            call.send(bytes(start));
            byte[] parts = new byte[part.length * Math.max(16_384 / part.length, 1)];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = part[i % part.length];
            }
            while (true) {
                call.send(parts);
            }
        };
    }

    private static List<HostileCase> slow() {
        String length = OK + "Content-Length: 100000~~";
        return List.of(
                fails(Kind.HEAD_TIMEOUT, "says nothing", RawServer.Call::untilClosed),
                fails(Kind.HEAD_TIMEOUT, "drips its status line", drips("", OK, 100)),
                fails(Kind.HEAD_TIMEOUT, "drips its fields", drips(OK, "Server: slow~".repeat(10), 50)),
                fails(Kind.HEAD_TIMEOUT, "drips interim answers", drips("", "HTTP/1.1 100 Continue~~".repeat(8), 20)),
                fails(Kind.HEAD_TIMEOUT, "drips empty lines", drips("HTTP/1.1 103 Early Hints~~", OK, 100)),
                fails(Kind.IDLE_TIMEOUT, "stalls in its body", sends(length + "abc")),
                fails(Kind.IDLE_TIMEOUT, "stalls before its body", sends(length)),
                fails(Kind.IDLE_TIMEOUT, "stalls in a chunk", sends(CHUNKED + "ff~abc")),
                fails(Kind.IDLE_TIMEOUT, "stalls before the last chunk", sends(CHUNKED + "3~abc~")),
                fails(Kind.IDLE_TIMEOUT, "stalls in its trailers", sends(CHUNKED + "3~abc~0~Trailer: x")),
                fails(Kind.IDLE_TIMEOUT, "never closes a body without a length", sends(OK + "~abc")),
                fails(Kind.TOO_SLOW, "drips its body", drips(length, "x".repeat(1000), 20)),
                fails(Kind.TOO_SLOW, "drips a chunk's size", drips(CHUNKED, "0".repeat(1000), 20)),
                fails(Kind.TOO_SLOW, "drips a chunk extension", drips(CHUNKED + "5", ";x=y".repeat(200), 20)),
                fails(Kind.TOO_SLOW, "drips its trailers", drips(CHUNKED + "0~", "Trailer: x~".repeat(80), 20)),
                fails(Kind.TOO_SLOW, "begins fast and drips then", drips(length + "x".repeat(50_000), "x".repeat(1000), 20)),
                fails(Kind.DEADLINE, "stays just above the least rate", call -> {
                    call.send(bytes(length));
                    while (true) {
                        call.send(new byte[500]); // a busy machine may be late
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(40));
                    }
                }).within(Duration.ofMillis(1_300)),
                answers("x".repeat(50_000), "is slow but above the least rate", call -> {
                    call.send(bytes(OK + "Content-Length: 50000~~"));
                    for (int i = 0; i < 25; i++) {
                        call.send(bytes("x".repeat(2000)));
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                    }
                }));
    }

    private static HostileCase flood(Kind kind, String start, String part) {
        String shown = (start + part).replaceAll("~+", " ").strip();
        return fails(kind, "floods: " + shown.substring(0, Math.min(shown.length(), 70)), floods(start, bytes(part)));
    }

    private static List<HostileCase> floods() {
        Kind large = Kind.TOO_LARGE;
        Kind head = Kind.HEADERS_TOO_LARGE;
        return List.of(
                flood(large, OK + "~", "x"),
                flood(large, CHUNKED, "5~hello~"),
                flood(large, CHUNKED, "1~x~"),
                flood(large, CHUNKED + "7fffffff~", "x"),
                flood(large, CHUNKED + "7fffffffffffffff~", "x"),
                flood(large, CHUNKED, "1;extension=abcdefghijklmnopqrstuvwxyz~x~"),
                flood(large, OK + "Content-Length: 2147483648~~", "x"),
                flood(large, OK + "Content-Length: 999999999999999999~~", "x"),
                flood(large, OK + "Content-Encoding: identity~~", "x"),
                flood(large, "HTTP/1.0 200 OK~~", "x"),
                flood(large, "HTTP/1.1 404 Not Found~~", "x"),
                flood(head, CHUNKED + "1~x~0~", "Trailer: again~"),
                flood(head, CHUNKED + "1~x~0~Trailer: ", "x"),
                flood(head, CHUNKED + "1;", "x"),
                flood(head, CHUNKED, "0"),
                flood(head, OK, "X: y~"),
                flood(head, OK + "X: ", "y"),
                flood(head, OK, "y"),
                flood(head, OK + "X: y~", " folded~"),
                flood(head, OK, "X:~"),
                flood(head, OK, "Set-Cookie: " + "c".repeat(4000) + "~"),
                flood(head, "", "x"),
                flood(head, "HTTP/1.1 200 ", "x"),
                flood(head, "", "HTTP/1.1 103 Early Hints~~"),
                flood(head, "", "HTTP/1.1 102 Processing~~"),
                flood(head, "", "HTTP/1.1 100 Continue~X: y~~"),
                flood(head, "", "HTTP/1.1 103 Early Hints~Link: " + "l".repeat(3000) + "~~"),
                flood(Kind.BAD_HTTP, "", "garbage~"),
                flood(Kind.BAD_HTTP, "", "~"),
                flood(Kind.BAD_HTTP, "", "\n"));
    }

    private static List<HostileCase> cut() {
        List<HostileCase> cases = new ArrayList<>();
        for (String body : List.of(
                OK + "Content-Length: 10~~abc", CHUNKED, CHUNKED + "5", CHUNKED + "5~", CHUNKED + "5~abc", CHUNKED + "3~abc",
                CHUNKED + "3~abc~", CHUNKED + "3~abc~0", OK + "Content-Length: 999999999999999999~~abc")) {
            cases.add(fails(Kind.TRUNCATED, "closes after " + body, sendsAndCloses(body)).or(cutKinds(body)));
            cases.add(fails(Kind.TRUNCATED, "resets after " + body, call -> {
                call.send(bytes(body));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // let the bytes arrive before the reset throws them away
                call.reset();
            }).or(cutKinds(body)));
        }
        for (String head : List.of("", "H", "HTTP/1.1 200 OK", OK + "Content-Le", OK + "A: b~", "HTTP/1.1 100 C~~", "HTTP/1.1 100 C~")) {
            cases.add(fails(Kind.CONNECTION_LOST, "closes after " + head, sendsAndCloses(head)));
        }
        cases.add(fails(Kind.CONNECTION_LOST, "resets at once", RawServer.Call::reset));
        return cases;
    }

    /** More than is allowed is refused by what its length says already. */
    private static Kind[] cutKinds(String body) {
        return body.contains("9999") ? new Kind[] {Kind.TOO_LARGE} : new Kind[0];
    }

    private static List<HostileCase> notHttp() {
        List<HostileCase> cases = new ArrayList<>();
        for (String raw : List.of(
                "SSH-2.0-OpenSSH_9.2", "220 mail.example ESMTP", "<html>old</html>", "PRI * HTTP/2.0~~SM", "HTTP/2.0 200 OK",
                "HTTP/3.0 200 OK", "HTTP/0.9 200 OK", "HTTP/1.12 200 OK", "HTTP/11 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK",
                "HTTP/1.1 099 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 \u00b2\u00b30 OK", "HTTP/1.1  200 OK",
                "HTTP/1.1\t200 OK", "http/1.1 200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 101 Switching Protocols~Upgrade: h2c",
                OK + "Content-Length: -1", OK + "Content-Length: +5", OK + "Content-Length: 0x5", OK + "Content-Length: 5, 6",
                OK + "Content-Length: 5,", OK + "Content-Length: 5 5", OK + "Content-Length: 5~Content-Length: 6", OK + "Content-Length:",
                OK + "Content-Length: 5.0", OK + "Content-Length: 9223372036854775808", OK + "Content-Length: 99999999999999999999",
                OK + "Content-Length: \u00b2", OK + "Transfer-Encoding: gzip, chunked", OK + "Transfer-Encoding: identity",
                OK + "Transfer-Encoding: xchunked", OK + "Transfer-Encoding: chunked, chunked", OK + "Transfer-Encoding:",
                OK + "Transfer-Encoding: chunked~Transfer-Encoding: chunked", OK + "no colon", OK + "Name : value", OK + ": value",
                OK + " folded: first", OK + "Na\u00efve: value", OK + "Null\u0000: value", OK + "Null: a\u0000b", OK + "Return: a\rb",
                OK + "Two words: value", OK + "(comment): value", CHUNKED + "xyz~abc", CHUNKED + "-5~abc", CHUNKED + "+5~abc",
                CHUNKED + "0x5~abc", CHUNKED + "5 5~abc", CHUNKED + "~abc", CHUNKED + ";x~abc", CHUNKED + "ffffffffffffffff~abc",
                CHUNKED + "fffffffffffffffff~abc", CHUNKED + "10000000000000003~abc", CHUNKED + "3~abcdef~0")) {
            cases.add(fails(Kind.BAD_HTTP, "says " + raw, sends(raw + "~~~")));
        }
        return cases;
    }

    /** What RFC 9112 lets a client take, and what must not be taken for more than it is. */
    private static List<HostileCase> lenient() {
        return List.of(
                answers("hello", "ends its lines with LF", sends("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")),
                answers("hello", "gives no reason", sends("HTTP/1.1 200~Content-Length: 5~~hello")),
                answers("hello", "gives a strange reason", sends("HTTP/1.1 200 \u00e4\u0001\u00ff~Content-Length: 5~~hello")),
                answers("hello", "answers with a status that nobody knows", sends("HTTP/1.1 999 What~Content-Length: 5~~hello")),
                answers("hello", "sends more than its length", sends(OK + "Content-Length: 5~~hello, world")),
                answers("hello", "says its length twice", sends(OK + "Content-Length: 5~Content-Length: 5~~hello")),
                answers("hello", "says a length and chunks", sends(OK + "Content-Length: 99~Transfer-Encoding: chunked~~5~hello~0~~")),
                answers("", "sends a body with 204", sends("HTTP/1.1 204 No Content~Content-Length: 5~~hello")),
                answers("", "sends a body with 304", sends("HTTP/1.1 304 Not Modified~~hello")),
                answers("hello", "folds a line", sends(OK + "A: b~\tc~Content-Length: 5~~hello")),
                answers("hello", "has control characters in a value", sends(OK + "A: \u0001\u001b[31m~Content-Length: 5~~hello")),
                answers("hello", "sends chunks with extensions and trailers", sends(CHUNKED + "5;a=\"b\"~hello~0;c~T: 1~U: 2~~")),
                answers("hello", "says Location with 200", sends(OK + "Location: file:///etc/passwd~Content-Length: 5~~hello")),
                answers("hello", "says Refresh", sends(OK + "Refresh: 0;url=http://127.0.0.1:1/~Content-Length: 5~~hello")));
    }

    private static HostileCase coded(Kind kind, String name, String coding, byte[] endless) {
        return fails(kind, name, floods(OK + "Content-Encoding: " + coding + "~~", endless));
    }

    /** Streams of a coding that bring nothing, for ever, and what is declared wrongly. */
    private static List<HostileCase> codings() {
        byte[] member = gzipOfNothing();
        byte[] skipped = HexFormat.of().parseHex("502a4d1804000000" + "00000000");
        byte[] stored = HexFormat.of().parseHex("000000ffff");
        List<HostileCase> cases = new ArrayList<>(List.of(
                coded(Kind.BAD_ENCODING, "sends empty gzip members without end", "gzip", member),
                coded(Kind.TOO_LARGE, "sends skipped zstd frames without end", "zstd", skipped),
                coded(Kind.TOO_LARGE, "sends empty deflate blocks without end", "deflate", stored),
                coded(Kind.BAD_ENCODING, "sends zeros as gzip", "gzip", new byte[1]),
                coded(Kind.BAD_ENCODING, "sends zeros as zstd", "zstd", new byte[1]),
                coded(Kind.TOO_LARGE, "sends zeros as brotli", "br", new byte[1]).or(Kind.BAD_ENCODING),
                coded(Kind.BAD_ENCODING, "sends text of a coding that nobody knows", "snake-oil", bytes("text"))));
        cases.add(answers("", "sends zeros behind gzip without end",
                floods(OK + "Content-Encoding: gzip~~" + new String(member, StandardCharsets.ISO_8859_1), new byte[1])));
        cases.add(answers(null, "packs gzip into gzip, which is undone once", call -> {
            byte[] twice = OutboundTest.encode("gzip", new String(OutboundTest.encode("gzip", "\0".repeat(1 << 20)), StandardCharsets.ISO_8859_1));
            call.send(bytes(OK + "Content-Encoding: gzip~Content-Length: " + twice.length + "~~"));
            call.send(twice);
        }));
        for (String nested : List.of("gzip, gzip", "br,gzip", "gzip~Content-Encoding: gzip", "gzip,identity,deflate")) {
            cases.add(coded(Kind.BAD_ENCODING, "nests " + nested, nested, member));
        }
        return cases;
    }

    private static byte[] gzipOfNothing() {
        Deflater deflater = new Deflater(9, true);
        deflater.finish();
        byte[] body = new byte[16];
        int length = deflater.deflate(body);
        deflater.end();
        return concat(HexFormat.of().parseHex("1f8b0800000000000003"), java.util.Arrays.copyOf(body, length), new byte[8]);
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static HostileCase redirects(Kind kind, String location) {
        return fails(kind, "redirects to '" + location + "'",
                call -> call.send(bytes("HTTP/1.1 302 Found~Location: " + location + "~Content-Length: 0~~")));
    }

    private static List<HostileCase> redirects() {
        List<HostileCase> cases = new ArrayList<>();
        for (String location : List.of(
                "file:///etc/passwd", "gopher://127.0.0.1:1/x", "http://127.0.0.1:22/", "http://127.0.0.1:0/", "http://u@127.0.0.1/",
                "\\\\127.0.0.1\\x", "http://[::1%25lo]/", "http://a%00b/", "http://0x7f.1.1.1.1/", "//", "http:x", "http://-1.1/", "//[::ffff:a00:1]/")) {
            cases.add(redirects(Kind.REDIRECT_BLOCKED, location));
        }
        for (String location : List.of("http://10.0.0.1/", "http://0xa9fea9fe/latest/meta-data", "//[fd00::1]/", "http://[::]/")) {
            cases.add(redirects(Kind.BLOCKED_ADDRESS, location));
        }
        cases.add(redirects(Kind.REDIRECT_LOOP, ""));
        cases.add(redirects(Kind.REDIRECT_LOOP, "#x"));
        cases.add(redirects(Kind.REDIRECT_LOOP, "/./"));
        cases.add(fails(Kind.TOO_MANY_REDIRECTS, "redirects without end", call -> call.send(bytes(
                "HTTP/1.1 302 Found~Location: /" + call.number() + "~Content-Length: 0~~"))));
        cases.add(fails(Kind.TOO_MANY_REDIRECTS, "redirects with endless bodies", call -> floods(
                "HTTP/1.1 307 Found~Location: /" + call.number() + "~~", new byte[100]).answer(call)));
        cases.add(fails(Kind.DEADLINE, "redirects slowly without end", call -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(400));
            call.send(bytes("HTTP/1.1 302 Found~Location: /" + call.number() + "~Content-Length: 0~~"));
        }).within(Duration.ofSeconds(1)));
        cases.add(fails(Kind.DEADLINE, "redirects with bodies that stall", call -> sends(
                "HTTP/1.1 302 Found~Location: /" + call.number() + "~Content-Length: 100~~x").answer(call))
                .within(Duration.ofSeconds(1)).or(Kind.TOO_MANY_REDIRECTS));
        return cases;
    }

    private static HostileCase record(Kind kind, String name, String hex) {
        byte[] record = HexFormat.of().parseHex(hex);
        return fails(kind, name, call -> {
            call.send(record);
            call.untilClosed();
        }).over(RawServer.Transport.BYTES);
    }

    private static HostileCase records(Kind kind, String name, String hex) {
        return fails(kind, name, floods("", HexFormat.of().parseHex(hex))).over(RawServer.Transport.BYTES);
    }

    private static List<HostileCase> tls() {
        String hello = "160303" + "002a" + "02000026";
        String random = "00".repeat(32) + "00" + "c02f" + "00";
        return List.of(
                fails(Kind.CONNECT_TIMEOUT, "says nothing to a TLS greeting", RawServer.Call::untilClosed).over(RawServer.Transport.BYTES),
                fails(Kind.CONNECT_TIMEOUT, "drips a TLS record", drips("\u0016\u0003\u0003", "x".repeat(1000), 20))
                        .over(RawServer.Transport.BYTES),
                fails(Kind.TLS_FAILED, "closes at a TLS greeting", call -> call.socket().close()).over(RawServer.Transport.BYTES),
                fails(Kind.TLS_FAILED, "resets at a TLS greeting", RawServer.Call::reset).or(Kind.CONNECT_FAILED).over(RawServer.Transport.BYTES),
                fails(Kind.TLS_FAILED, "speaks HTTP to a TLS greeting", sends(OK + "~")).over(RawServer.Transport.BYTES),
                record(Kind.TLS_FAILED, "alerts at a TLS greeting", "15030300020228"),
                record(Kind.TLS_FAILED, "speaks TLS 1.0 only", hello + "0301" + random),
                record(Kind.TLS_FAILED, "speaks SSL 3 only", hello + "0300" + random),
                record(Kind.TLS_FAILED, "chooses a cipher that was not offered", hello + "0303" + "00".repeat(32) + "00" + "0000" + "00"),
                record(Kind.TLS_FAILED, "sends a record that is too long", "160303ffff" + "00".repeat(200)),
                records(Kind.TLS_FAILED, "floods with cipher changes", "140303000101"),
                records(Kind.TLS_FAILED, "floods with empty records", "1603030000"),
                records(Kind.TLS_FAILED, "floods with warnings", "15030300020100"),
                records(Kind.TLS_FAILED, "floods with a greeting that never ends", "16030340000200ffff" + "00".repeat(0x3ffc)),
                fails(Kind.TLS_UNTRUSTED, "has a certificate that expired", sends(OK + "~")).over(RawServer.Transport.TLS_EXPIRED),
                fails(Kind.TLS_UNTRUSTED, "leaves the certificate between out", sends(OK + "~"))
                        .over(RawServer.Transport.TLS_WITHOUT_INTERMEDIATE),
                fails(Kind.IDLE_TIMEOUT, "changes its keys without end", call -> {
                    call.send(bytes(OK + "Content-Length: 1000~~x"));
                    while (true) {
                        ((SSLSocket) call.socket()).startHandshake();
                    }
                }).over(RawServer.Transport.TLS).or(Kind.TOO_SLOW, Kind.TOO_LARGE, Kind.DEADLINE, Kind.TRUNCATED).within(Duration.ofSeconds(2)));
    }
}
