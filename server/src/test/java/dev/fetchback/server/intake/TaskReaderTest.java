package dev.fetchback.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fetchback.Tasks.Submission;
import dev.fetchback.task.BatchId;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.FetchOptions;
import dev.fetchback.task.Header;
import dev.fetchback.task.TaskSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskReaderTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final IntakeDefaults WITH_RECEIVER =
            new IntakeDefaults(FetchOptions.DEFAULT, Api.HOOK, Duration.ofHours(24), 100L << 20, true);

    private final TaskReader reader = new TaskReader(IntakeDefaults.DEFAULT, Api::urlProblem, new FakeProcessors());
    private final TaskReader delivering = new TaskReader(WITH_RECEIVER, Api::urlProblem, new FakeProcessors());

    private static Slice json(String text) {
        return Slice.of(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private TaskSpec read(String text) {
        return read(reader, text);
    }

    private static TaskSpec read(TaskReader reader, String text) {
        return reader.single(json(text), null, Origin.single(null), Api.NOW).spec();
    }

    private Refusal refusal(String text) {
        return catchThrowableOfType(Refusal.class, () -> read(text));
    }

    @Test
    void aUrlIsEnough() {
        TaskSpec spec = read(delivering, "{'url':'https://example.com/p'}");
        assertThat(spec.url()).isEqualTo("https://example.com/p");
        assertThat(spec.request()).isSameAs(TaskSpec.Request.GET);
        assertThat(spec.fetch()).isSameAs(FetchOptions.DEFAULT);
        assertThat(spec.deliver()).isEqualTo(DeliverOptions.to(Api.HOOK));
        assertThat(spec.schedule()).isSameAs(TaskSpec.Schedule.NOW);
        assertThat(spec.tags()).isSameAs(TaskSpec.Tags.NONE);
    }

    @Test
    void tasksWithoutOptionsShareTheSameObjects() {
        TaskSpec one = read(delivering, "{'url':'https://example.com/1'}");
        TaskSpec two = read(delivering, "{'url':'https://example.com/2'}");
        assertThat(one.deliver()).isSameAs(two.deliver());
    }

    @Test
    void withoutAnyReceiverThePageIsKept() {
        assertThat(read("{'url':'http://a/'}").deliver()).isNull();
        assertThat(read("{'url':'http://a/'}").schedule().keep()).isEqualTo(Duration.ofHours(24));
        assertThat(read(delivering, "{'url':'http://a/','deliver':null}").deliver()).isNull();
        assertThat(read(delivering, "{'url':'http://a/','deliver':null,'keep':'2h'}").schedule().keep())
                .isEqualTo(Duration.ofHours(2));
    }

    @Test
    void everyFieldIsRead() {
        TaskSpec spec = read(
                delivering,
                """
                {'url':'https://example.com/p/1','method':'POST','headers':{'Accept':' text/html ','Authorization':'Bearer x'},
                 'body':'äöü \\ud83d\\ude00\\n','fetch':{'timeout':'30s','max_bytes':1000,'max_redirects':0,'max_attempts':20,
                 'accept_status':['2xx','404'],'robots':'ignore','if_changed':false},'process':[],
                 'deliver':{'to':'https://api.me/hooks','mode':'raw','headers':{'X-A':'b'},'secret':'%s','timeout':'500ms',
                 'max_attempts':1,'spool':'always'},'delay':'30s','not_before':null,'expires_at':'2026-11-23T01:00:00+01:00',
                 'priority':9,'keep':'1d','labels':['nightly','b'],'metadata':{'z':'1','a':'2'},'idempotency_key':'k'}"""
                        .formatted(SECRET));
        assertThat(spec.request())
                .isEqualTo(new TaskSpec.Request(
                        "POST",
                        List.of(new Header("Accept", "text/html"), new Header("Authorization", "Bearer x")),
                        "äöü 😀\n"));
        assertThat(spec.fetch().timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(spec.fetch().maxBytes()).isEqualTo(1000);
        assertThat(spec.fetch().maxRedirects()).isZero();
        assertThat(spec.fetch().maxAttempts()).isEqualTo(20);
        assertThat(spec.fetch().acceptStatus().patterns()).containsExactly("2xx", "404");
        assertThat(spec.fetch().robots()).isEqualTo(FetchOptions.Robots.IGNORE);
        assertThat(spec.deliver())
                .isEqualTo(new DeliverOptions(
                        "https://api.me/hooks",
                        DeliverOptions.Mode.RAW,
                        List.of(new Header("X-A", "b")),
                        SECRET,
                        Duration.ofMillis(500),
                        1,
                        DeliverOptions.Spool.ALWAYS));
        assertThat(spec.schedule())
                .isEqualTo(new TaskSpec.Schedule(Api.NOW + 30_000, Api.NOW + 86_400_000, 9, Duration.ofDays(1)));
        assertThat(spec.tags().labels()).containsExactly("nightly", "b");
        assertThat(spec.tags().metadata().keySet()).containsExactly("z", "a");
    }

    @Test
    void aPageMayCountOnlyWhenItChanged() {
        assertThat(read("{'url':'http://a/','fetch':{'if_changed':true}}").fetch().ifChanged()).isTrue();
        assertThat(read("{'url':'http://a/','fetch':{'if_changed':false}}").fetch()).isEqualTo(FetchOptions.DEFAULT);
        for (String header : List.of("If-None-Match", "if-modified-since", "If-Range", "IF-MATCH", "If-Unmodified-Since")) {
            Refusal refusal = refusal("{'url':'http://a/','fetch':{'if_changed':true},'headers':{'" + header + "':'x'}}");
            assertThat(refusal.error()).isEqualTo(ApiError.CONFLICTING_FIELDS);
            assertThat(refusal.pointer()).isEqualTo("/headers/" + header);
        }
        TaskSpec own = read("{'url':'http://a/','headers':{'If-None-Match':'x'}}");
        assertThat(own.request().headers()).as("without if_changed conditions are the caller's").hasSize(1);
        TaskReader.BatchDefaults base = reader.defaults(json("{'fetch':{'if_changed':true}}"));
        Origin origin = Origin.single(null);
        TaskSpec inherits = reader.item(json("{'url':'http://a/'}"), base, origin, Api.NOW).spec();
        assertThat(inherits.fetch().ifChanged()).isTrue();
        TaskSpec says = reader.item(json("{'url':'http://a/','fetch':{'if_changed':false}}"), base, origin, Api.NOW).spec();
        assertThat(says.fetch().ifChanged()).isFalse();
    }

    @Test
    void deliverBuildsUponTheOperatorsReceiver() {
        TaskSpec spec = read(delivering, "{'url':'http://a/','deliver':{'mode':'notify'}}");
        assertThat(spec.deliver().to()).isEqualTo(Api.HOOK);
        assertThat(spec.deliver().mode()).isEqualTo(DeliverOptions.Mode.NOTIFY);
        assertThat(refusal("{'url':'http://a/','deliver':{'mode':'notify'}}").error()).isEqualTo(ApiError.MISSING_FIELD);
    }

    @Test
    void aStartInThePastIsAtOnce() {
        assertThat(read("{'url':'http://a/','not_before':'2020-01-01T00:00:00Z'}").schedule().notBefore()).isZero();
        assertThat(read("{'url':'http://a/','delay':'0s'}").schedule().notBefore()).isZero();
        assertThat(read("{'url':'http://a/','delay':null,'not_before':'2027-01-01T00:00:00Z'}").schedule().notBefore())
                .isEqualTo(1_798_761_600_000L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|WRONG_TYPE|''",
                "'x'|WRONG_TYPE|''",
                "{'url':'http://a/'|MALFORMED_JSON|''",
                "{'url':'http://a/',}|MALFORMED_JSON|''",
                "{'url':'http://a/'}x|TRAILING_TEXT|''",
                "{'url':'http://a/'} {}|TRAILING_TEXT|''",
                "{'url':null}|WRONG_TYPE|/url",
                "{'url':['http://a/']}|WRONG_TYPE|/url",
                "{'url':''}|INVALID_URL|/url",
                "{'url':'http://u:p@a/'}|INVALID_URL|/url",
                "{'url':'http://a/ b'}|INVALID_URL|/url",
                "{'url':'http://a/\\u0000'}|INVALID_URL|/url",
                "{'url':'http://a/\\ud800'}|INVALID_URL|/url",
                "{'url':'http://a/','url':'http://a/'}|DUPLICATE_KEY|/url",
                "{'url':'http://a/','a/b~':1}|UNKNOWN_FIELD|/a~1b~0",
                "{'url':'http://a/','method':'TRACE'}|INVALID_VALUE|/method",
                "{'url':'http://a/','headers':[]}|WRONG_TYPE|/headers",
                "{'url':'http://a/','headers':{'a':1}}|WRONG_TYPE|/headers/a",
                "{'url':'http://a/','headers':{'':'x'}}|INVALID_HEADER|/headers/",
                "{'url':'http://a/','headers':{'a b':'x'}}|INVALID_HEADER|/headers/a b",
                "{'url':'http://a/','headers':{'a':'x\\r\\ny'}}|INVALID_HEADER|/headers/a",
                "{'url':'http://a/','headers':{'a':'é'}}|INVALID_HEADER|/headers/a",
                "{'url':'http://a/','headers':{'a':'1','A':'2'}}|DUPLICATE_KEY|/headers/A",
                "{'url':'http://a/','headers':{'Transfer-Encoding':'x'}}|INVALID_HEADER|/headers/Transfer-Encoding",
                "{'url':'http://a/','headers':{'connection':'x'}}|INVALID_HEADER|/headers/connection",
                "{'url':'http://a/','body':'x'}|CONFLICTING_FIELDS|/body",
                "{'url':'http://a/','method':'POST','body':{}}|WRONG_TYPE|/body",
                "{'url':'http://a/','method':'POST','body':'\\udc00'}|INVALID_VALUE|/body",
                "{'url':'http://a/','fetch':null}|WRONG_TYPE|/fetch",
                "{'url':'http://a/','fetch':{'timout':'1s'}}|UNKNOWN_FIELD|/fetch/timout",
                "{'url':'http://a/','fetch':{'timeout':'1s','timeout':'1s'}}|DUPLICATE_KEY|/fetch/timeout",
                "{'url':'http://a/','fetch':{'timeout':30}}|WRONG_TYPE|/fetch/timeout",
                "{'url':'http://a/','fetch':{'timeout':'1y'}}|INVALID_DURATION|/fetch/timeout",
                "{'url':'http://a/','fetch':{'timeout':'99ms'}}|OUT_OF_RANGE|/fetch/timeout",
                "{'url':'http://a/','fetch':{'timeout':'16m'}}|OUT_OF_RANGE|/fetch/timeout",
                "{'url':'http://a/','fetch':{'max_bytes':0}}|OUT_OF_RANGE|/fetch/max_bytes",
                "{'url':'http://a/','fetch':{'max_bytes':1.0}}|WRONG_TYPE|/fetch/max_bytes",
                "{'url':'http://a/','fetch':{'max_bytes':99999999999999999999999}}|OUT_OF_RANGE|/fetch/max_bytes",
                "{'url':'http://a/','fetch':{'max_redirects':21}}|OUT_OF_RANGE|/fetch/max_redirects",
                "{'url':'http://a/','fetch':{'max_attempts':0}}|OUT_OF_RANGE|/fetch/max_attempts",
                "{'url':'http://a/','fetch':{'accept_status':[]}}|OUT_OF_RANGE|/fetch/accept_status",
                "{'url':'http://a/','fetch':{'accept_status':['2xx','6xx']}}|INVALID_VALUE|/fetch/accept_status/1",
                "{'url':'http://a/','fetch':{'accept_status':[200]}}|WRONG_TYPE|/fetch/accept_status/0",
                "{'url':'http://a/','fetch':{'robots':'maybe'}}|INVALID_VALUE|/fetch/robots",
                "{'url':'http://a/','fetch':{'robots':'ignore'}}|INVALID_VALUE|/fetch/robots",
                "{'url':'http://a/','method':'HEAD','fetch':{'if_changed':true}}|CONFLICTING_FIELDS|/fetch/if_changed",
                "{'url':'http://a/','fetch':{'if_changed':true},'method':'POST','body':'x'}|CONFLICTING_FIELDS|/fetch/if_changed",
                "{'url':'http://a/','fetch':{'if_changed':true},'body':'x'}|CONFLICTING_FIELDS|/body",
                "{'url':'http://a/','fetch':{'if_changed':1}}|WRONG_TYPE|/fetch/if_changed",
                "{'url':'http://a/','process':{}}|WRONG_TYPE|/process",
                "{'url':'http://a/','deliver':[]}|WRONG_TYPE|/deliver",
                "{'url':'http://a/','deliver':{}}|MISSING_FIELD|/deliver/to",
                "{'url':'http://a/','deliver':{'to':'x'}}|INVALID_URL|/deliver/to",
                "{'url':'http://a/','deliver':{'to':'in-process:default'}}|INVALID_URL|/deliver/to",
                "{'url':'http://a/','deliver':{'to':'http://r/','mode':'processed'}}|CONFLICTING_FIELDS|/deliver/mode",
                "{'url':'http://a/','process':[{'use':'text'}],'deliver':{'to':'http://r/','mode':'raw'}}|CONFLICTING_FIELDS|/deliver/mode",
                "{'url':'http://a/','deliver':{'to':'http://r/','mode':'loud'}}|INVALID_VALUE|/deliver/mode",
                "{'url':'http://a/','deliver':{'to':'http://r/','secret':'whsec_abc'}}|INVALID_SECRET|/deliver/secret",
                "{'url':'http://a/','deliver':{'to':'http://r/','secret':'whsec_%%%'}}|INVALID_SECRET|/deliver/secret",
                "{'url':'http://a/','deliver':{'headers':{'webhook-id':'x'}}}|INVALID_HEADER|/deliver/headers/webhook-id",
                "{'url':'http://a/','deliver':{'to':'http://r/','timeout':'6m'}}|OUT_OF_RANGE|/deliver/timeout",
                "{'url':'http://a/','deliver':{'to':'http://r/','max_attempts':21}}|OUT_OF_RANGE|/deliver/max_attempts",
                "{'url':'http://a/','deliver':{'to':'http://r/','spool':true}}|WRONG_TYPE|/deliver/spool",
                "{'url':'http://a/','deliver':{'to':'http://r/','spool':'never'}}|INVALID_VALUE|/deliver/spool",
                "{'url':'http://a/','delay':'1s','not_before':'2027-01-01T00:00:00Z'}|CONFLICTING_FIELDS|/not_before",
                "{'url':'http://a/','delay':'366d'}|OUT_OF_RANGE|/delay",
                "{'url':'http://a/','delay':'-1s'}|INVALID_DURATION|/delay",
                "{'url':'http://a/','not_before':'2027-13-01T00:00:00Z'}|INVALID_TIME|/not_before",
                "{'url':'http://a/','not_before':1798761600}|WRONG_TYPE|/not_before",
                "{'url':'http://a/','expires_at':'2026-11-21T00:00:00Z'}|OUT_OF_RANGE|/expires_at",
                "{'url':'http://a/','delay':'2h','expires_at':'2026-11-22T02:00:00Z'}|CONFLICTING_FIELDS|/expires_at",
                "{'url':'http://a/','priority':-1}|OUT_OF_RANGE|/priority",
                "{'url':'http://a/','priority':'5'}|WRONG_TYPE|/priority",
                "{'url':'http://a/','keep':'31d'}|OUT_OF_RANGE|/keep",
                "{'url':'http://a/','labels':'x'}|WRONG_TYPE|/labels",
                "{'url':'http://a/','labels':['']}|OUT_OF_RANGE|/labels/0",
                "{'url':'http://a/','labels':['a\\tb']}|INVALID_VALUE|/labels/0",
                "{'url':'http://a/','metadata':{'a':1}}|WRONG_TYPE|/metadata/a",
                "{'url':'http://a/','metadata':{'a':'1','a':'2'}}|DUPLICATE_KEY|/metadata/a",
                "{'url':'http://a/','metadata':{'a':'\\u0000'}}|INVALID_VALUE|/metadata/a",
                "{'url':'http://a/','idempotency_key':''}|INVALID_IDEMPOTENCY_KEY|/idempotency_key",
                "{'url':'http://a/','idempotency_key':'ä'}|INVALID_IDEMPOTENCY_KEY|/idempotency_key",
                "{'url':'http://a/','limits':[]}|NOT_SUPPORTED|/limits",
                "{'url':'http://a/','order_key':'x'}|NOT_SUPPORTED|/order_key",
            },
            quoteCharacter = '`')
    void whatIsWrongIsRefusedWithItsPlace(String text, ApiError error, String pointer) {
        Refusal refusal = refusal(text);
        assertThat(refusal).as(text).isNotNull();
        assertThat(refusal.error()).as(refusal.detail()).isEqualTo(error);
        assertThat(refusal.pointer()).isEqualTo(pointer.equals("''") ? "" : pointer);
        assertThat(refusal.detail()).matches("(?s).*[.?]");
    }

    @Test
    void tooMuchIsRefused() {
        String many = "\"x\",".repeat(16) + "\"x\"";
        assertThat(refusal("{'url':'http://a/','labels':[" + many + "]}").pointer()).isEqualTo("/labels");
        assertThat(refusal("{'url':'http://a/','labels':['" + "x".repeat(65) + "']}").error()).isEqualTo(ApiError.OUT_OF_RANGE);
        assertThat(refusal("{'url':'http://a/" + "x".repeat(8192) + "'}").error()).isEqualTo(ApiError.OUT_OF_RANGE);
        assertThat(refusal("{'url':'http://a/','metadata':{'a':'" + "é".repeat(4096) + "'}}").pointer()).isEqualTo("/metadata");
        StringBuilder headers = new StringBuilder("'a':'b'");
        StringBuilder entries = new StringBuilder("'a':'b'");
        for (int i = 0; i < 64; i++) {
            headers.append(",'h").append(i).append("':'v'");
            entries.append(",'m").append(i).append("':'v'");
        }
        assertThat(refusal("{'url':'http://a/','headers':{" + headers + "}}").pointer()).isEqualTo("/headers");
        assertThat(refusal("{'url':'http://a/','metadata':{" + entries + "}}").pointer()).isEqualTo("/metadata");
        assertThat(refusal("{'url':'http://a/','process':" + "[".repeat(1000) + "}").error()).isEqualTo(ApiError.WRONG_TYPE);
    }

    @Test
    void theNearestFieldIsNamed() {
        assertThat(refusal("{'url':'http://a/','prioritiy':5}").detail()).contains("did you mean priority?");
        assertThat(refusal("{'url':'http://a/','xyzzyxyzzy':5}").detail()).contains("known are url, method");
        assertThat(refusal("{'url':'http://a/','fetch':{'maxbytes':5}}").detail()).contains("did you mean max_bytes?");
    }

    @Test
    void secretsAreNotRepeated() {
        assertThat(refusal("{'url':'http://bob:hunter2@a/'}").detail()).doesNotContain("hunter2", "bob").contains("@a/");
        assertThat(refusal("{'url':'http://a/','deliver':{'to':'http://r/','secret':'whsec_hunter2'}}").detail())
                .doesNotContain("hunter2");
        assertThat(
                refusal("{'url':'http://a/','headers':{'authorization':'hunter2\\u0001'}}").detail()).doesNotContain("hunter2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"500ms", "30s", "5m", "24h", "7d", "0s"})
    void timeSpansAreRead(String span) {
        assertThat(TimeSpan.text(Duration.ofMillis(TimeSpan.millis(span)))).isEqualTo(span.equals("24h") ? "1d" : span);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "5", "5S", " 5s", "5 s", "5s ", "1.5s", "+5s", "5mss", "9999999999999s", "٣s"})
    void otherTextIsNoTimeSpan(String text) {
        assertThat(TimeSpan.millis(text)).isEqualTo(-1);
    }

    @Test
    void theKeyComesFromTheHeaderOrTheBody() {
        Slice plain = json("{'url':'http://a/'}");
        Slice keyed = json("{'url':'http://a/','idempotency_key':'k'}");
        Origin ann = Origin.single("ann");
        assertThat(reader.single(plain, null, ann, Api.NOW).key()).isNull();
        assertThat(reader.single(plain, "k", ann, Api.NOW).key().owner()).isEqualTo("ann");
        assertThat(reader.single(keyed, null, ann, Api.NOW).key().key()).isEqualTo("k");
        assertThat(reader.single(keyed, "k", ann, Api.NOW).key().key()).isEqualTo("k");
        assertThatThrownBy(() -> reader.single(keyed, "other", ann, Api.NOW)).isInstanceOf(Refusal.class);
        assertThat(reader.single(plain, "k", ann, Api.NOW).key().fingerprint())
                .isEqualTo(reader.single(plain, "k", ann, Api.NOW + 5000).key().fingerprint())
                .isNotEqualTo(reader.single(json("{'url':'http://b/'}"), "k", ann, Api.NOW).key().fingerprint());
    }

    @Test
    void anItemIsReadOverTheDefaultsOfItsBatch() {
        TaskReader.BatchDefaults base = reader.defaults(json(
                "{'deliver':{'to':'http://r/','secret':'" + SECRET
                        + "'},'fetch':{'max_attempts':2},'labels':['a'],'delay':'1h'}"));
        Submission item = reader.item(
                json("{'url':'http://a/','deliver':{'mode':'raw'},'fetch':{'timeout':'1s'},'not_before':'2027-01-01T00:00:00Z'}"),
                base,
                Origin.single(null),
                Api.NOW);
        assertThat(item.spec().deliver().to()).isEqualTo("http://r/");
        assertThat(item.spec().deliver().secret()).isEqualTo(SECRET);
        assertThat(item.spec().deliver().mode()).isEqualTo(DeliverOptions.Mode.RAW);
        assertThat(item.spec().fetch().maxAttempts()).isEqualTo(2);
        assertThat(item.spec().fetch().timeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(item.spec().tags().labels()).containsExactly("a");
        assertThat(item.spec().schedule().notBefore()).isEqualTo(1_798_761_600_000L);
        assertThat(reader.item(json("{'url':'http://a/','deliver':null}"), base, Origin.single(null), Api.NOW).spec().deliver())
                .isNull();
        assertThatThrownBy(() -> reader.defaults(json("{'url':'http://a/'}"))).isInstanceOf(Refusal.class);
    }

    @Test
    void aBatchBeginsWithItsFirstGoodTask() {
        AtomicInteger begun = new AtomicInteger();
        Origin origin = Origin.batch("ann", () -> new BatchId(begun.incrementAndGet(), 7));
        TaskReader.BatchDefaults none = reader.noDefaults();
        assertThatThrownBy(() -> reader.item(json("{'url':'x'}"), none, origin, Api.NOW)).isInstanceOf(Refusal.class);
        assertThatThrownBy(
                () -> reader.item(json("{'url':'http://a/','expires_at':'2020-01-01T00:00:00Z'}"), none, origin, Api.NOW))
                .isInstanceOf(Refusal.class);
        assertThat(begun).hasValue(0);
        reader.item(json("{'url':'http://a/'}"), none, origin, Api.NOW);
        TaskSpec second = reader.item(json("{'url':'http://a/'}"), none, origin, Api.NOW).spec();
        assertThat(begun).hasValue(1);
        assertThat(second.tags()).isEqualTo(new TaskSpec.Tags("ann", new BatchId(1, 7), List.of(), Map.of()));
    }

    @Test
    void brokenTextNeverGetsThrough() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] good = json(
                "{'url':'http://a/','headers':{'a':'b'},'fetch':{'timeout':'5s'},'labels':['x'],'metadata':{'k':'v'}}").bytes();
        for (int i = 0; i < 20_000; i++) {
            byte[] broken = good.clone();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
            }
            try {
                reader.single(Slice.of(broken), null, Origin.single(null), Api.NOW);
            } catch (Refusal expected) {
                assertThat(expected.pointer()).isNotNull();
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + new String(broken, StandardCharsets.ISO_8859_1), e);
            }
        }
    }
}
