package dev.fetchback.server.intake;

import dev.fetchback.work.ByteBudget;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.thread.Invocable;

/** Collects the body of one task without blocking a thread, within bounds of size, memory and time. */
final class BodyReader implements Invocable.Task {
    /** Bodies up to this size need no place in the budget: the number of requests bounds them. */
    static final int SMALL = 16 << 10;

    private static final int FIRST_ROOM = 1024;

    private final Call call;
    private final int max;
    private final ByteBudget budget;
    private final Pace pace;
    private final LongSupplier nanos;
    private final Consumer<byte[]> whole;
    private byte[] bytes;
    private int length;
    private long taken;
    private long waitingSince;

    /** @param whole is given the body, on whatever thread its last byte came; must not block */
    BodyReader(Call call, int max, Bodies bodies, Consumer<byte[]> whole) {
        this.call = call;
        this.max = max;
        this.budget = bodies.budget();
        this.pace = new Pace(bodies.patience());
        this.nanos = bodies.nanos();
        this.whole = whole;
        call.whenOver(this::giveBack); // not sooner: until it is stored the task holds what its body held
        long declared = call.request().getLength();
        this.bytes = new byte[declared < 0 ? FIRST_ROOM : (int) Math.min(declared, SMALL)];
        if (declared > max) {
            throw tooLarge(max);
        }
    }

    static Refusal tooLarge(int max) {
        return new Refusal(
                ApiError.BODY_TOO_LARGE, "The body is larger than " + max + " bytes, the most that is taken; send less at once.");
    }

    @Override
    public void run() {
        try {
            if (waitingSince != 0) {
                pace.waited(nanos.getAsLong() - waitingSince);
                waitingSince = 0;
            }
            if (collect()) {
                byte[] body = length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
                whole.accept(body);
            }
        } catch (Refusal refusal) {
            call.refuse(refusal);
        }
    }

    /** Takes what is there; returns whether it was the last of it. */
    private boolean collect() {
        while (true) {
            Content.Chunk chunk = call.request().read();
            if (chunk == null) {
                if (pace.tooSlow()) {
                    throw tooSlow();
                }
                waitingSince = nanos.getAsLong();
                call.request().demand(this);
                return false;
            }
            if (Content.Chunk.isFailure(chunk)) {
                failed(call, chunk.getFailure());
                return false;
            }
            try {
                append(chunk.getByteBuffer());
            } finally {
                chunk.release();
            }
            if (chunk.isLast()) {
                return true;
            }
        }
    }

    /** Answers a client that stopped sending, or gives up on one that is gone. */
    static void failed(Call call, Throwable why) {
        if (why instanceof TimeoutException) {
            call.refuse(tooSlow());
        } else {
            call.cut(why);
        }
    }

    static Refusal tooSlow() {
        return new Refusal(ApiError.REQUEST_TIMEOUT, "The body came too slowly; send it again over a better connection.");
    }

    private void append(ByteBuffer more) {
        int size = more.remaining();
        if (size > max - length) {
            throw tooLarge(max);
        }
        pace.moved(size);
        if (length + size > bytes.length) {
            grow(length + size);
        }
        more.get(bytes, length, size);
        length += size;
    }

    private void grow(int needed) {
        long declared = call.request().getLength();
        int room = Math.min(declared < 0 ? max : (int) declared, Math.max(needed, bytes.length * 2));
        if (room > SMALL) {
            if (!budget.tryTake(room)) {
                throw noRoom(budget);
            }
            budget.giveBack(taken);
            taken = room;
        }
        bytes = Arrays.copyOf(bytes, room);
    }

    static Refusal noRoom(ByteBudget budget) {
        return Refusal.retryAfter(
                ApiError.OVERLOADED,
                1,
                "Bodies of other requests fill the " + budget.max() + " bytes that are set aside for them; try again.");
    }

    private void giveBack() {
        budget.giveBack(taken);
        taken = 0;
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    /**
     * What all bodies share.
     *
     * @param budget for those larger than {@link #SMALL}
     * @param patience with slow clients
     * @param nanos a clock that never goes back
     */
    record Bodies(ByteBudget budget, ApiLimits.Patience patience, LongSupplier nanos) {}
}
