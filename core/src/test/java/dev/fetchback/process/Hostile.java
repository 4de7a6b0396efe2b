package dev.fetchback.process;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One processor that does, by its option {@code do}, whatever a worker must survive; and one that does no harm. */
public final class Hostile implements Processor {
    private static final int MEGABYTE = 1 << 20;

    @Override
    public String name() {
        return "hostile";
    }

    @Override
    public Job prepare(Map<String, @Nullable Object> options) {
        String what = String.valueOf(options.get("do"));
        return page -> run(what, options, page);
    }

    /** All but {@code threads}, which only some systems bound. */
    static List<String> deeds() {
        return List.of("loop", "allocate", "exit", "halt", "hang at exit", "print", "noise", "recurse", "nest", "return much",
                "return a gigabyte",
                "children", "deaf", "leave a thread", "throw");
    }

    private static @Nullable Object run(String what, Map<String, @Nullable Object> options, FetchedPage page) throws Exception {
        return switch (what) {
            case "loop" -> loop();
            case "allocate" -> allocate();
            case "exit" -> {
                System.exit(7);
                yield null;
            }
            case "halt" -> {
                Runtime.getRuntime().halt(0);
                yield null;
            }
            case "hang at exit" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(Hostile::loop));
                System.exit(0);
                yield null;
            }
            case "print" -> print(1 << 9); // twice
            case "noise" -> print(1);
            case "recurse" -> recurse(1);
            case "nest" -> nest();
            case "return much" -> Stream.generate(() -> "x".repeat(MEGABYTE)).limit(16).toList();
            case "return a gigabyte" -> "x".repeat(MEGABYTE << 10);
            case "threads" -> threads();
            case "children" -> children();
            case "deaf" -> deaf();
            case "leave a thread" -> leave();
            case "throw" -> throw new IOException("this page is odd");
            case "connect" -> connect(options);
            case "call and loop" -> {
                connect(options);
                yield loop();
            }
            case "look" -> look();
            case "echo" -> new String(page.bytes(), java.nio.charset.StandardCharsets.ISO_8859_1);
            default -> page.bytes().length;
        };
    }

    private static @Nullable Object loop() {
        long turns = 0;
        while (turns >= 0) {
            turns = (turns + 1) & Long.MAX_VALUE;
        }
        return null;
    }

    private static int allocate() {
        List<byte[]> kept = new ArrayList<>();
        while (kept.size() < Integer.MAX_VALUE) {
            kept.add(new byte[MEGABYTE]);
        }
        return kept.size();
    }

    private static String print(int megabytes) {
        byte[] noise = new byte[MEGABYTE];
        java.util.Arrays.fill(noise, (byte) 7);
        for (int i = 0; i < megabytes; i++) {
            System.out.write(noise, 0, noise.length);
            System.err.write(noise, 0, noise.length);
        }
        System.out.flush();
        return "printed";
    }

    private static int recurse(int depth) {
        return recurse(depth + 1) + 1;
    }

    private static Object nest() {
        List<Object> nested = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            nested = new ArrayList<>(List.of(nested));
        }
        return nested;
    }

    private static Object threads() {
        int started = 0;
        while (started < Integer.MAX_VALUE) {
            Thread.ofPlatform().start(Hostile::deaf);
            started++;
        }
        return started;
    }

    private static @Nullable Object children() throws IOException {
        new ProcessBuilder("/bin/sh", "-c", "sleep 4711 & setsid sleep 4711 & sleep 4711").start();
        return loop();
    }

    private static @Nullable Object deaf() {
        while (true) {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                continue;
            }
        }
    }

    private static String leave() {
        Thread.ofPlatform().start(Hostile::deaf);
        return "left";
    }

    private static String connect(Map<String, @Nullable Object> options) {
        try (Socket socket = new Socket("127.0.0.1",
                ((Number) java.util.Objects.requireNonNull(options.get("port"))).intValue())) {
            return "connected " + socket.isConnected();
        } catch (IOException e) {
            return "refused";
        }
    }

    private static Map<String, Object> look() throws IOException {
        Map<String, Object> seen = new TreeMap<>();
        seen.put("environment", new ArrayList<>(new TreeSet<>(System.getenv().keySet())));
        seen.put("uid", String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid")));
        try (Stream<Path> files = Files.list(Path.of(""))) {
            seen.put("files", files.count());
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("NoNewPrivs:")) {
                seen.put("noNewPrivileges", line.substring(line.length() - 1));
            }
        }
        return seen;
    }
}
