package dev.fetchback.server.intake;

import dev.fetchback.Tasks;
import dev.fetchback.Tasks.Submission;
import dev.fetchback.Tasks.Submitted;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Carries single tasks to the store in groups: a few threads take whatever has come in meanwhile, wait for the disk once, and
 * answer all of it. A thread for each request would cost a switch or two for every task; this costs one for a group.
 */
final class SubmitLane implements AutoCloseable {
    /** While one group waits for the disk the next is on its way, and a third is being answered. */
    private static final int THREADS = 3;
    private static final String NAME = "api-submit-";
    /** Keeps one group's answers from waiting for too many others. */
    private static final int GROUP_MAX = 256;

    private final Tasks tasks;
    private final BlockingQueue<Waiting> queue;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    /** @param capacity tasks that may wait here; the number of requests bounds it too */
    SubmitLane(Tasks tasks, int capacity) {
        this.tasks = tasks;
        this.queue = new ArrayBlockingQueue<>(capacity);
    }

    void start() {
        for (int i = 0; i < THREADS; i++) {
            threads.add(Thread.ofVirtual().name(NAME + i).start(this::run));
        }
    }

    /** Whether the current thread is one that carries groups and sends their answers. */
    static boolean isHere() {
        return Thread.currentThread().isVirtual() && Thread.currentThread().getName().startsWith(NAME);
    }

    /** Takes one task along with the next group; false when too many wait. */
    boolean offer(Waiting waiting) {
        return queue.offer(waiting);
    }

    private void run() {
        List<Waiting> group = new ArrayList<>(GROUP_MAX);
        try {
            while (!closed) {
                group.add(queue.take());
                queue.drainTo(group, GROUP_MAX - 1);
                submit(group);
                group.clear();
            }
        } catch (InterruptedException e) {
            group.forEach(waiting -> waiting.failed(closed(e)));
        }
    }

    private void submit(List<Waiting> group) {
        List<Submission> submissions = new ArrayList<>(group.size());
        for (Waiting waiting : group) {
            submissions.add(waiting.submission());
        }
        List<Submitted> answers;
        try {
            answers = tasks.submit(submissions);
        } catch (RuntimeException | Error e) {
            if (closed) {
                group.forEach(waiting -> waiting.failed(closed(e)));
            } else if (group.size() > 1 && StoreFaults.unexpected(e)) {
                group.forEach(waiting -> submit(List.of(waiting))); // one bad task must not fail its neighbours
            } else {
                group.forEach(waiting -> waiting.failed(e));
            }
            return;
        }
        for (int i = 0; i < group.size(); i++) {
            group.get(i).submitted(answers.get(i));
        }
    }

    /** Stops the threads; what still waits is failed. */
    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
        for (Waiting waiting = queue.poll(); waiting != null; waiting = queue.poll()) {
            waiting.failed(closed(null));
        }
    }

    private static RejectedExecutionException closed(@Nullable Throwable cause) {
        return new RejectedExecutionException("the server was closed", cause);
    }

    /** A task on its way; told its end once, on a thread that it must not block. Throws nothing. */
    interface Waiting {
        Submission submission();

        void submitted(Submitted answer);

        void failed(Throwable why);
    }
}
