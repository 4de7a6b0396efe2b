package dev.fetchback.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SeenTest {
    private static final String URL = "https://a.example/p";
    private static final String MODIFIED = "Sat, 21 Nov 2026 10:00:00 GMT";
    private static final Problem PROBLEM = new Problem("http_status", null, 500);
    private static final long NOW = 1_800_000_000_000L;
    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);

    private static Page page(int status, String sha256, long at, String... headers) {
        List<Header> fields = new ArrayList<>();
        for (int i = 0; i < headers.length; i += 2) {
            fields.add(new Header(headers[i], headers[i + 1]));
        }
        return new Page(status, URL, fields, "text/html", 3, sha256, at, 1);
    }

    private Task next(Task task, Event event, long now) {
        return machine.next(task, event, now, 0.5).orElseThrow();
    }

    private Task running(@Nullable String receiver) {
        return next(Task.submitted(new TaskId(1, 2), new Task.Plan("a.example:443", receiver, 5, 3, 2, 0, 0, false, "key"), 0, 1),
                new Event.Start(1), NOW);
    }

    private Task delivered(Page page, long now) {
        return next(running("rcv"), new Event.PageDelivered(page), now);
    }

    private Task unchanged(Page page) {
        return next(running("rcv"), new Event.PageUnchanged(page), NOW);
    }

    @Test
    void aPageThatWasTakenIsRemembered() {
        Page page = page(200, "ab", NOW, "ETag", "W/\"v1\"", "last-modified", MODIFIED, "Date", "Sat, 21 Nov 2026 10:00:01 GMT");
        Seen seen = Seen.after(null, delivered(page, NOW));
        assertThat(seen).isEqualTo(new Seen(200, URL, "W/\"v1\"", MODIFIED, 3, "ab", NOW));
    }

    @Test
    void onlyTheEndByAPageIsRemembered() {
        Page page = page(200, "ab", NOW);
        Task waiting = next(running("rcv"), new Event.PageStored(page), NOW);
        assertThat(Seen.after(null, waiting)).as("stored, not taken").isNull();
        Task refused = next(running("rcv"), new Event.PageRefused(page, PROBLEM, 0), NOW);
        assertThat(Seen.after(null, refused)).isNull();
        Task delivering = next(refused, new Event.Start(1), NOW);
        assertThat(Seen.after(null, delivering)).isNull();
        assertThat(Seen.after(null, next(refused, new Event.Cancel(), NOW))).isNull();
        Task dead = next(delivering, new Event.Refused(PROBLEM, 0), NOW);
        assertThat(dead.phase()).isEqualTo(Phase.DEAD);
        assertThat(Seen.after(null, dead)).as("nobody took it").isNull();
        Task again = next(next(dead, new Event.Redrive(), NOW), new Event.Start(1), NOW);
        Task redriven = next(again, new Event.Delivered(false), NOW);
        assertThat(Seen.after(null, redriven)).as("taken at last").isEqualTo(Seen.of(page));
        assertThat(Seen.after(null, next(running(null), new Event.PageStored(page), NOW))).as("kept").isEqualTo(Seen.of(page));
        Task failed = next(running(null), new Event.FetchFailed(PROBLEM, false, 0), NOW);
        assertThat(Seen.after(Seen.of(page), failed)).as("a failure changes nothing").isEqualTo(Seen.of(page));
    }

    @Test
    void anOlderPageThatIsTakenLaterDoesNotSetTheMemoryBack() {
        Seen newer = Seen.of(page(200, "new", NOW + 10));
        assertThat(Seen.after(newer, delivered(page(200, "old", NOW), NOW + 20))).isEqualTo(newer);
        assertThat(Seen.after(newer, delivered(page(200, "now", NOW + 11), NOW + 20)).sha256()).isEqualTo("now");
        assertThat(Seen.after(newer, delivered(page(200, "same moment", NOW + 10), NOW + 20)).sha256()).isEqualTo("same moment");
    }

    @Test
    void aClockThatWasSetBackDoesNotFreezeTheMemory() {
        Seen future = Seen.of(page(200, "before", NOW + 3_600_000));
        assertThat(Seen.after(future, delivered(page(200, "after", NOW), NOW)).sha256()).isEqualTo("after");
    }

    @Test
    void aPageFoundUnchangedIsRememberedLongerAndByItsNewestValidators() {
        Seen last = Seen.of(page(200, "ab", NOW, "etag", "\"v1\""));
        Seen asked = Seen.after(last, unchanged(page(304, "ab", NOW + 5, "etag", "\"v1\"")));
        assertThat(asked).isEqualTo(new Seen(200, URL, "\"v1\"", null, 3, "ab", NOW + 5));
        Seen compared = Seen.after(last, unchanged(page(200, "ab", NOW + 5, "etag", "\"v2\"")));
        assertThat(compared).isEqualTo(new Seen(200, URL, "\"v2\"", null, 3, "ab", NOW + 5));
        assertThat(Seen.after(asked, unchanged(page(304, "ab", NOW))).at()).as("never back").isEqualTo(NOW + 5);
    }

    @Test
    void whatWasFoundUnchangedIsNothingNewOnceAnotherPageWasTaken() {
        Seen other = Seen.of(page(200, "cd", NOW));
        assertThat(Seen.after(other, unchanged(page(304, "ab", NOW + 5)))).isEqualTo(other);
        assertThat(Seen.after(other, unchanged(page(200, "ab", NOW + 5)))).isEqualTo(other);
        assertThat(Seen.after(null, unchanged(page(304, "ab", NOW)))).as("forgotten meanwhile").isNull();
    }

    @Test
    void theSameIsTheSameBodyWithTheSameStatus() {
        Seen seen = Seen.of(page(404, "e3", NOW));
        assertThat(seen.same(page(404, "e3", NOW + 1))).isTrue();
        assertThat(seen.same(page(200, "e3", NOW + 1))).as("an empty page is not a missing one").isFalse();
        assertThat(seen.same(page(404, "e4", NOW + 1))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "*", "\"a\", \"b\"", "w/\"a\"", "\"a", "\"a b\"", "\"ä\"", "W/", ""})
    void anEntityTagThatIsNoneIsNotSentBack(String etag) {
        assertThat(Seen.of(page(200, "ab", NOW, "ETag", etag)).etag()).isNull();
    }

    @Test
    void onlyWhatIsOfUseIsKept() {
        assertThat(Seen.of(page(404, "ab", NOW, "ETag", "\"v\"")).etag()).as("servers ignore conditions on errors").isNull();
        assertThat(Seen.of(page(200, "ab", NOW, "ETag", "\"" + "x".repeat(Seen.CHARS_MAX) + "\"")).etag()).isNull();
        String largest = "\"" + "x".repeat(Seen.CHARS_MAX - 2) + "\"";
        assertThat(Seen.of(page(200, "ab", NOW, "ETag", largest)).etag()).isEqualTo(largest);
        List<Header> tag = List.of(new Header("etag", "\"v\""));
        Page far = new Page(200, "https://a/" + "x".repeat(Seen.CHARS_MAX), tag, null, 1, "ab", NOW, 1);
        assertThat(Seen.of(far)).isEqualTo(new Seen(200, "", null, null, 1, "ab", NOW));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Sat, 21 Nov 2026 10:00:01 GMT | true", "Sun, 22 Nov 2026 00:00:00 GMT | true", "Sat, 21 Nov 2026 10:00:00 GMT | false",
        "Sat, 21 Nov 2026 09:00:00 GMT | false", "soon | false", " | false"
    })
    void aDateWithinWhoseSecondThePageMayHaveChangedTwiceIsNotSentBack(@Nullable String date, boolean kept) {
        Page page = date == null
                ? page(200, "ab", NOW, "Last-Modified", MODIFIED)
                : page(200, "ab", NOW, "Last-Modified", MODIFIED, "Date", date);
        assertThat(Seen.of(page).lastModified()).isEqualTo(kept ? MODIFIED : null);
    }

    @Test
    void aLastModifiedThatIsNoDateIsNotSentBack() {
        Page page = page(200, "ab", NOW, "Last-Modified", "yesterday", "Date", "Sat, 21 Nov 2026 10:00:00 GMT");
        assertThat(Seen.of(page).lastModified()).isNull();
    }
}
