package dev.fetchback.deliver;

import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Nearest;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Body;
import dev.fetchback.work.Parcel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The receivers in this process, each under a name of its own, and the threads that they run on: threads of the system, as what
 * they do is the program's business and a virtual thread that computes would keep a carrier from all others.
 */
public final class InProcess implements Transport, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(InProcess.class.getName());
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    private static final long IDLE_SECONDS = 10;
    private static final Duration GRACE_MAX = Duration.ofMillis(500); // for code that heeds an interrupt
    private static final long OBJECTS_EXPECTED = 4 << 10; // a delivery without its page
    private static final int DECODED_SHARE = 4; // results as values take some times the bytes of their JSON

    private final Map<String, Place> places = new TreeMap<>();
    private final LongSupplier clock;
    /** How long a call that was interrupted may take to end: well within what a stop waits after its interrupts. */
    private final Duration grace;
    /** Their number is bounded by the places of the receivers. */
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), ReceiverThread::new);

    /**
     * A receiver to register.
     *
     * @param name a lower-case letter, then lower-case letters, digits and hyphens; at most 32 in all
     * @param atOnce how many outcomes it takes at once, at least 1
     * @param receiver called on as many threads
     */
    public record Registration(String name, int atOnce, Receiver receiver) {
        /** @throws IllegalArgumentException when the name or the number is not allowed */
        public Registration {
            check(name, atOnce);
        }
    }

    /** A registered receiver; one permit for each call that has not ended, also for those that nobody waits for any more. */
    record Place(Registration of, Semaphore free) {}

    /**
     * @param clock Unix milliseconds
     * @param drain how long a stop waits for what is under way
     * @throws IllegalArgumentException when two receivers have one name
     */
    public InProcess(List<Registration> receivers, LongSupplier clock, Duration drain) {
        this.clock = clock;
        this.grace = drain.dividedBy(2).compareTo(GRACE_MAX) < 0 ? drain.dividedBy(2) : GRACE_MAX;
        for (Registration one : receivers) {
            if (places.put(one.name(), new Place(one, new Semaphore(one.atOnce()))) != null) {
                throw new IllegalArgumentException("two receivers have the name '" + one.name() + "'; give one of them another");
            }
        }
    }

    /**
     * Checks what a receiver is to be called, and how many outcomes it is to take at once.
     *
     * @throws IllegalArgumentException when that is not allowed, saying what is
     */
    public static void check(String name, int atOnce) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("a receiver has the name '" + name
                    + "'; allowed are a lower-case letter and then lower-case letters, digits and hyphens, at most 32 in all");
        }
        if (atOnce < 1) {
            throw new IllegalArgumentException("receiver '" + name + "' takes " + atOnce + " outcomes at once; it must be at least 1");
        }
    }

    /** Whether an address is one of this process. */
    static boolean is(String address) {
        return address.startsWith(DeliverOptions.IN_PROCESS);
    }

    /**
     * Checks the address of a task before the task is taken.
     *
     * @throws IllegalArgumentException when it is one of this process and there is no such receiver, saying which there are
     */
    public void check(String address) {
        if (is(address) && place(address) == null) {
            String name = address.substring(DeliverOptions.IN_PROCESS.length());
            String meant = Nearest.to(name, places.keySet().stream()).map(near -> " Did you mean '" + near + "'?").orElse("");
            throw new IllegalArgumentException("no receiver '" + name + "' is registered." + meant + " There are "
                    + (places.isEmpty() ? "none" : String.join(", ", places.keySet())) + "; register it with the builder's deliverTo.");
        }
    }

    /** Whether tasks that name no receiver have one. */
    public boolean hasDefault() {
        return places.containsKey(Receiver.DEFAULT);
    }

    /** How many deliveries at once an address of this process may have; 0 when there is no such receiver. */
    int atOnce(String address) {
        Place place = place(address);
        return place == null ? 0 : place.of().atOnce();
    }

    private @Nullable Place place(String address) {
        return places.get(address.substring(DeliverOptions.IN_PROCESS.length()));
    }

    /** What is said of tasks whose receiver this start of the program did not register. */
    static String absent(String address) {
        return "This program has no receiver '" + address.substring(DeliverOptions.IN_PROCESS.length())
                + "': register it with the builder's deliverTo before start, and what waits for it is delivered.";
    }

    @Override
    public boolean links(DeliverOptions deliver, Outcome outcome) {
        return false;
    }

    /** A page in memory was counted when it was fetched. */
    @Override
    public long estimate(DeliverOptions deliver, Parcel parcel) {
        Body page = parcel.body();
        Body results = parcel.results();
        long read = page != null && parcel.stored() ? page.length() : 0;
        return OBJECTS_EXPECTED + read + (results == null ? 0 : results.length() * DECODED_SHARE);
    }

    @Override
    public Exchange prepare(Task task, TaskSpec spec, DeliverOptions deliver, Parcel parcel) {
        Place place = place(deliver.to());
        if (place == null) {
            return () -> new Reply.NoAnswer(new Problem(Problem.RECEIVER_UNKNOWN, absent(deliver.to()), 0));
        }
        return () -> {
            if (!place.free().tryAcquire()) {
                String detail = "All " + place.of().atOnce() + " calls that the receiver may have go on although their time was up.";
                return new Reply.Refused(
                        new Problem(Problem.RECEIVER_FAILED, detail, 0), new Verdict.Failed("its calls do not end"), 0);
            }
            ReceiverCall call = new ReceiverCall(place, new Delivery(task, spec, parcel), clock);
            try {
                threads.execute(call);
            } catch (RuntimeException | Error e) { // no memory for another thread, say
                place.free().release();
                throw e;
            }
            return call.await(deliver.timeout(), grace);
        };
    }

    /** Whether the current thread is a receiver's. */
    public static boolean onReceiverThread() {
        return Thread.currentThread() instanceof ReceiverThread;
    }

    /** Interrupts what is still running and waits a moment for it; what goes on all the same is left alone. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "receivers did not end calls={0}", threads.getActiveCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does not keep the program from ending. */
    private static final class ReceiverThread extends Thread {
        ReceiverThread(Runnable work) {
            super(work, "fetchback-receiver");
            setDaemon(true);
        }
    }
}
