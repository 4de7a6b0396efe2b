package dev.fetchback.outbound;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of one request with all its redirects. */
public sealed interface Exchange {
    /**
     * An answer; its body has gone to the sink.
     *
     * @param status 200 to 999
     * @param fields as received, in order
     * @param target whose answer it is, after redirects
     * @param redirects followed
     * @param cut whether reading the body was ended by the request's {@code readAtMost} or because the sink wanted none
     * @param timings where the time went
     */
    record Answer(int status, List<Field> fields, Target target, int redirects, boolean cut, Timings timings)
            implements Exchange {
        /** The first value of a field, its name compared without case; null when there is none. */
        public @Nullable String field(String name) {
            return Answer.first(fields, name);
        }

        static @Nullable String first(List<Field> fields, String name) {
            for (Field field : fields) {
                if (field.name().equalsIgnoreCase(name)) {
                    return field.value();
                }
            }
            return null;
        }
    }

    /**
     * No answer.
     *
     * @param kind why
     * @param detail one sentence for a person; nothing about denied addresses, no secrets
     */
    record Failure(Kind kind, String detail) implements Exchange {}

    /**
     * Where the time of the last hop went, and the whole, in nanoseconds.
     *
     * @param resolve finding the addresses
     * @param connect TCP and TLS, with any wait for a free slot at the address; 0 on a connection that was open already
     * @param head from the first byte sent to the end of the answer's head
     * @param total all hops and the body
     */
    record Timings(long resolve, long connect, long head, long total) {}
}
