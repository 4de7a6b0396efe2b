package dev.fetchback.work;

import java.util.function.Consumer;

/**
 * Places that queues share, by key: those at an address that many host names lead to. A task of a queue that is known to need one
 * takes it before it is started, so that it never waits for it with a place of its lane. Called under the lane's lock: nothing
 * here may block.
 */
public interface Permits {
    /** Keys that no queue needs. */
    Permits NONE = new Permits() {
        @Override
        public boolean take(Object key, int limit) {
            return true;
        }

        @Override
        public boolean free(Object key, int limit) {
            return true;
        }

        @Override
        public void giveBack(Object key) {}

        @Override
        public void listen(Consumer<Object> freed) {}
    };

    /** Takes a place, unless {@code limit} are taken; then whoever listens hears when one becomes free. */
    boolean take(Object key, int limit);

    /** Whether fewer than {@code limit} are taken. */
    boolean free(Object key, int limit);

    /** Gives one back that was taken. */
    void giveBack(Object key);

    /** Hears, on any thread and once for each time that {@link #take} refused, of a key with a place that has become free. */
    void listen(Consumer<Object> freed);
}
