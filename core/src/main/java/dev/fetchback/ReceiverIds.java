package dev.fetchback;

import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Ids of receivers by their URLs, which are few and named again and again; remembers them as that costs a hash each time. */
final class ReceiverIds {
    /** Some megabytes of the longest URLs. Beyond it all are forgotten, so that URLs that are used once keep none out. */
    static final int MAX = 1_000;

    private final ConcurrentHashMap<String, String> known = new ConcurrentHashMap<>();
    private final Function<String, String> id;

    /** @param id of a URL; what it throws comes back from {@link #of} */
    ReceiverIds(Function<String, String> id) {
        this.id = id;
    }

    String of(String url) {
        String before = known.get(url);
        if (before != null) {
            return before;
        }
        String now = id.apply(url);
        if (known.size() >= MAX) {
            known.clear();
        }
        known.put(url, now);
        return now;
    }
}
