package dev.fetchback.process;

import dev.fetchback.process.FrameChannel.Payload;
import dev.fetchback.process.Ran.Outcome;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What runs in a worker: chains, one after the other, until the server goes away. On its standard input it is told three lines:
 * where the socket is, the token to begin with, and the folder of plugins or nothing. Its standard output means nothing.
 */
final class WorkerMain {
    private static final long BEAT_MILLIS = 1_000;
    private static final int THREADS_LEFT_MAX = 32; // pools of libraries are fewer
    private static final int FRAME_MAX = Integer.MAX_VALUE - 64; // what the server sends was bounded there
    private static final int EXIT_FAULT = 70; // EX_SOFTWARE of sysexits.h

    private final FrameChannel server;
    private final Processors processors;
    private final Set<Thread> own = Set.copyOf(Thread.getAllStackTraces().keySet()); // those of the system are as good as its own
    private volatile boolean working;
    private volatile long memory;

    private WorkerMain(FrameChannel server, Processors processors) {
        this.server = server;
        this.processors = processors;
    }

    public static void main(String[] args) {
        try {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            Path path = Path.of(line(in));
            byte[] token = HexFormat.of().parseHex(line(in));
            String plugins = line(in);
            SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
            Processors processors = Processors.provided(plugins.isEmpty() ? null : Path.of(plugins));
            FrameChannel server = new FrameChannel(socket);
            server.send(FrameChannel.HELLO, token);
            new WorkerMain(server, processors).serve();
        } catch (EOFException e) {
            Runtime.getRuntime().halt(0); // the server is gone, and whatever goes on here is of no use
        } catch (Throwable e) { // threads that a processor left would keep the process
            System.err.println(e);
            Runtime.getRuntime().halt(EXIT_FAULT);
        }
    }

    private static String line(BufferedReader in) throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new EOFException("standard input ended");
        }
        return line;
    }

    private void serve() throws IOException {
        Thread.ofPlatform().name("heart").daemon().priority(Thread.MAX_PRIORITY).start(this::beat);
        while (true) {
            int type = server.next(FRAME_MAX);
            if (type != FrameChannel.JOB) {
                throw new IOException("a frame of type " + type + " where a job is due");
            }
            Chain chain = Wire.chain(server);
            working = true;
            boolean leftovers = run(chain);
            working = false;
            server.send(FrameChannel.DONE, Payload.of(out -> out.number(memory).number(leftovers ? 1 : 0)));
        }
    }

    /** Whether it left something behind, so that no other chain is to run here. */
    private boolean run(Chain chain) throws IOException {
        Sending sending = new Sending();
        boolean broken = ChainRun.run(chain, processors::processor, sending);
        if (sending.failure != null) {
            throw sending.failure;
        }
        return broken || threadsLeft() || Thread.interrupted();
    }

    private boolean threadsLeft() {
        Thread[] now = new Thread[own.size() + THREADS_LEFT_MAX + 1];
        int count = Thread.enumerate(now);
        if (count == now.length) {
            return true;
        }
        for (int i = 0; i < count; i++) {
            if (!now[i].isDaemon() && !own.contains(now[i])) {
                return true;
            }
        }
        return false;
    }

    private void beat() {
        try {
            while (true) {
                memory = memoryNow();
                if (working) {
                    server.send(FrameChannel.BEAT, Payload.of(out -> out.number(memory)));
                }
                Thread.sleep(BEAT_MILLIS);
            }
        } catch (IOException | InterruptedException e) {
            Runtime.getRuntime().halt(0); // the server is gone, while a processor may never look
        }
    }

    /** Resident bytes of this process; 0 where the system does not say. */
    private static long memoryNow() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
        return 0;
    }

    private final class Sending implements ChainRun.Progress {
        private @Nullable IOException failure;

        @Override
        public boolean begins(int index) {
            send(FrameChannel.BEGINS, Payload.of(out -> out.number(index)));
            return failure == null;
        }

        @Override
        public void ended(Outcome outcome) {
            switch (outcome) {
                case Outcome.Value(byte[] json) -> send(FrameChannel.VALUE, json);
                case Outcome.Failed(var problem) ->
                    send(FrameChannel.FAILED, Payload.of(out -> out.text(problem.code()).text(problem.detail())));
            }
        }

        private void send(int type, byte[] payload) {
            try {
                server.send(type, payload);
            } catch (IOException e) {
                failure = e;
            }
        }
    }
}
