package dev.fetchback.process;

import dev.fetchback.process.Ran.Broken;
import dev.fetchback.process.Ran.Busy;
import dev.fetchback.process.Ran.Ended;
import dev.fetchback.process.Ran.Outcome;
import dev.fetchback.task.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands of the operator's: one process for each page, which is killed with all that it started when it takes too long.
 */
final class CommandPool implements Pool {
    private static final System.Logger LOG = System.getLogger(CommandPool.class.getName());
    private static final int EX_TEMPFAIL = 75; // of sysexits.h: try again later
    private static final int SIGNALLED = 128;
    private static final int CHUNK = 64 << 10; // what a pipe holds
    private static final Duration GRACE = Duration.ofSeconds(5); // for what was killed to be gone
    private static final Busy FULL = new Busy(Failures.of(Problem.PROCESS_UNAVAILABLE, "as many commands run as may"), 0);
    // of what the command started and left behind, holding its output
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final Crew crew;
    private final Function<String, @Nullable Processor> processors;
    private final ProcessMetrics metrics;
    private final Set<Process> running = new HashSet<>();
    private boolean closed;

    CommandPool(ProcessSettings settings, Function<String, @Nullable Processor> processors, ProcessMetrics metrics) {
        this.crew = new Crew("command", settings.workers().count(), settings.queue(), settings.patience(), GRACE);
        this.processors = processors;
        this.metrics = metrics;
    }

    @Override
    public Ran run(Chain chain) throws InterruptedException {
        return crew.run(chain, _ -> {
            long began = System.nanoTime();
            try {
                return all(chain);
            } finally {
                metrics.took("commands", System.nanoTime() - began);
            }
        }, FULL);
    }

    private Ran all(Chain chain) throws InterruptedException {
        List<Outcome> outcomes = new ArrayList<>();
        int room = chain.resultMax();
        for (Chain.Link link : chain.links()) {
            if (!(processors.apply(link.processor()) instanceof CommandProcessor command)) {
                outcomes.add(new Outcome.Failed(
                        Failures.of(Problem.PROCESS_UNKNOWN, "the command '" + link.processor() + "' is not there any more")));
            } else {
                Result result = new Run(chain, link, command, room).go();
                if (result.broken() != null) {
                    return new Ended(outcomes, result.broken());
                }
                if (result.outcome() == null) {
                    return Crew.STOPS;
                }
                outcomes.add(result.outcome());
            }
            if (outcomes.getLast() instanceof Outcome.Value(byte[] json)) {
                room -= json.length;
            } else if (!link.goesOn()) {
                break;
            }
        }
        return new Ended(outcomes, null);
    }

    /** Either of the two; neither when the pool is closed. */
    private record Result(@Nullable Outcome outcome, @Nullable Broken broken) {
        static Result failed(String code, String detail) {
            return new Result(new Outcome.Failed(Failures.of(code, detail)), null);
        }
    }

    /** One command on one page. */
    private final class Run {
        private final Chain chain;
        private final Chain.Link link;
        private final CommandProcessor command;
        private final int room;

        Run(Chain chain, Chain.Link link, CommandProcessor command, int room) {
            this.chain = chain;
            this.link = link;
            this.command = command;
            this.room = room;
        }

        Result go() throws InterruptedException {
            Process process;
            try {
                process = start();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "command could not be started name={0} reason={1}", command.name(),
                        e.getMessage());
                return Result.failed(Problem.PROCESS_FAILED, "the command could not be started");
            }
            boolean late;
            synchronized (running) {
                running.add(process);
                late = closed;
            }
            try {
                if (late) {
                    WorkerProcess.end(process); // it was not there yet when the others were ended
                }
                return follow(process);
            } catch (InterruptedException e) {
                WorkerProcess.end(process);
                Strays.end("FETCHBACK_TASK_ID=" + chain.facts().taskId());
                throw e;
            } finally {
                synchronized (running) {
                    running.remove(process);
                }
            }
        }

        private Process start() throws IOException {
            ProcessBuilder builder = new ProcessBuilder(command.argv());
            Map<String, String> environment = builder.environment();
            environment.keySet().retainAll(Set.of("PATH", "LANG"));
            FetchedPage.Facts facts = chain.facts();
            environment.put("FETCHBACK_TASK_ID", facts.taskId());
            environment.put("FETCHBACK_URL", facts.url());
            environment.put("FETCHBACK_FINAL_URL", facts.finalUrl());
            environment.put("FETCHBACK_STATUS", Integer.toString(facts.status()));
            String contentType = facts.contentType();
            environment.put("FETCHBACK_CONTENT_TYPE", contentType == null ? "" : contentType.replace("\0", ""));
            environment.put("FETCHBACK_OPTIONS", Json.ascii(link.options())); // whatever the charset of the environment is
            return builder.start();
        }

        private Result follow(Process process) throws InterruptedException {
            Collected printed = new Collected(process, Math.min(room, command.maxOutput()));
            Thread writer = Thread.ofPlatform().name("command-in").daemon().start(() -> feed(process.getOutputStream()));
            Thread reader = Thread.ofPlatform().name("command-out").daemon().start(printed::read);
            OutputTail errors = OutputTail.of(process.getErrorStream(), command.name());
            Duration most = command.timeout();
            Duration timeout = most == null || link.timeout().compareTo(most) < 0 ? link.timeout() : most;
            boolean ended = process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS);
            boolean left = !ended;
            if (ended) {
                left = !reader.join(LAST_WORDS) | !writer.join(LAST_WORDS) | !errors.join(LAST_WORDS);
            }
            if (left || printed.tooMuch()) { // or what it started still holds its input or output, and with it a thread of ours
                WorkerProcess.end(process);
                Strays.end("FETCHBACK_TASK_ID=" + chain.facts().taskId());
            }
            writer.join(LAST_WORDS);
            reader.join(LAST_WORDS);
            synchronized (running) {
                if (closed) {
                    return new Result(null, null);
                }
            }
            if (printed.tooMuch()) {
                return Result.failed(Problem.PROCESS_TOO_LARGE, "the command printed more than " + printed.max + " bytes");
            }
            if (!ended) {
                return new Result(null, new Broken(Failures.of(Problem.PROCESS_TIMEOUT, "it took longer than "
                        + timeout.toMillis() + " ms"),
                        false));
            }
            return result(process.exitValue(), printed, errors);
        }

        private Result result(int exit, Collected printed, OutputTail errors) throws InterruptedException {
            if (exit != 0) {
                String said = errors.ended().lastLine();
                String how = exit > SIGNALLED ? "the command was ended by signal " + (exit - SIGNALLED)
                        : "the command ended with code " + exit;
                Problem problem = Failures.of(Problem.PROCESS_FAILED, said.isEmpty() ? how : how + ": " + said);
                return exit == EX_TEMPFAIL ? new Result(null, new Broken(problem, true))
                        : new Result(new Outcome.Failed(problem), null);
            }
            byte[] text = printed.bytes();
            boolean json = command.output() != CommandProcessor.Output.TEXT && Json.isJson(text);
            if (command.output() == CommandProcessor.Output.JSON && !json) {
                return Result.failed(Problem.PROCESS_FAILED, "the command did not print JSON, which it is to");
            }
            Object value = json ? new Json.Printed(text) : new String(text, StandardCharsets.UTF_8);
            try {
                return new Result(new Outcome.Value(Json.bytes(value, room)), null);
            } catch (BadResult e) {
                return Result.failed(e.code(), String.valueOf(e.getMessage()));
            }
        }

        private void feed(OutputStream to) {
            try (to) {
                to.write(chain.page());
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "command did not read the whole page name={0}", command.name()); // it need not
            }
        }
    }

    /** What a command prints, up to a bound beyond which it is killed. */
    private static final class Collected {
        private final Process process;
        private final int max;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private boolean tooMuch;

        Collected(Process process, int max) {
            this.process = process;
            this.max = max;
        }

        void read() {
            byte[] chunk = new byte[CHUNK];
            try (InputStream from = process.getInputStream()) {
                for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
                    if (!add(chunk, count)) {
                        WorkerProcess.kill(process);
                        return;
                    }
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "command output ended reason={0}", e.getMessage());
            }
        }

        private synchronized boolean add(byte[] chunk, int count) {
            tooMuch = tooMuch || count > max - bytes.size();
            if (!tooMuch) {
                bytes.write(chunk, 0, count);
            }
            return !tooMuch;
        }

        synchronized boolean tooMuch() {
            return tooMuch;
        }

        synchronized byte[] bytes() {
            return bytes.toByteArray();
        }
    }

    @Override
    public int capacity() {
        return crew.capacity();
    }

    Crew crew() {
        return crew;
    }

    @Override
    public void close() {
        List<Process> ends;
        synchronized (running) {
            closed = true;
            ends = List.copyOf(running);
        }
        ends.forEach(WorkerProcess::end);
        crew.close();
    }
}
