package dev.fetchback.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A host at an address of its own that notes which node asks for what, from when to when. Nodes name themselves by their contact. */
final class Target implements AutoCloseable {
    private static final Pattern CONTACT = Pattern.compile("\\+https://([a-z0-9]+)\\.example\\)");

    private final ConcurrentLinkedQueue<Ask> asks = new ConcurrentLinkedQueue<>();
    private final Web web;

    /** One request, in nanoseconds of this process. */
    record Ask(String node, String path, long from, long to) {}

    /**
     * @param number of its address; a target with the number of another one is at the same address
     * @param takes how long a page takes, milliseconds
     * @param asked hears of each request when it comes
     */
    Target(int number, long takes, Consumer<String> asked) throws IOException {
        web = new Web(InetAddress.getByName("127.0.1." + number), seen -> {
            long from = System.nanoTime();
            asked.accept(seen.path());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(takes));
            asks.add(new Ask(node(seen), seen.path(), from, System.nanoTime()));
            return Web.Answer.of(200, "<p>page</p>");
        }, Web.Answer.of(404));
    }

    /** What a node names itself by. */
    static String contact(String node) {
        return "https://" + node + ".example";
    }

    /** Which node a request is of. */
    static String node(Web.Seen seen) {
        Matcher contact = CONTACT.matcher(seen.headers().get("user-agent"));
        assertThat(contact.find()).as(seen.headers()::toString).isTrue();
        return contact.group(1);
    }

    String url(String path) {
        return web.url(path);
    }

    String host() {
        return web.host();
    }

    /** Those that were answered, by the time that they came. */
    List<Ask> asks() {
        return asks.stream().sorted(Comparator.comparingLong(Ask::from)).toList();
    }

    int count() {
        return asks.size();
    }

    /** The most that were there at once, at all of these together; only {@code these} count. */
    static int mostAtOnce(List<Target> targets, Predicate<Ask> these) {
        List<Ask> all = targets.stream().flatMap(target -> target.asks.stream()).filter(these).toList();
        return all.stream().mapToInt(one -> (int) all.stream().filter(other -> other.from <= one.from && one.from < other.to).count())
                .max().orElse(0);
    }

    /**
     * Requests came no faster than one each {@code gap}: of any few in a row, the last was so much later than the first.
     *
     * @param late how much later than others a request may arrive after it was begun
     * @param but requests that do not count
     */
    void keptApart(long gap, long late, Predicate<Ask> but) {
        List<Ask> all = asks().stream().filter(but.negate()).toList();
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < Math.min(all.size(), i + 4); j++) {
                assertThat(all.get(j).from - all.get(i).from).as(web.host() + ": " + all.get(i) + " and " + all.get(j))
                        .isGreaterThanOrEqualTo((j - i) * gap - late);
            }
        }
    }

    /** No node asked while a request of another was there. */
    void oneNodeAtATime(Predicate<Ask> but) {
        @Nullable Ask last = null;
        for (Ask ask : asks()) {
            if (but.test(ask)) {
                continue;
            }
            if (last != null && !last.node.equals(ask.node)) {
                assertThat(ask.from).as(web.host() + ": " + last + " and " + ask).isGreaterThanOrEqualTo(last.to);
            }
            last = last == null || ask.to > last.to ? ask : last;
        }
    }

    /** Those that asked, in the order in which they first did. */
    List<String> nodes() {
        return new ArrayList<>(asks().stream().map(Ask::node).distinct().toList());
    }

    @Override
    public void close() {
        web.close();
    }
}
