package dev.fetchback.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignerTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final byte[] BODY = "{\"test\": 2432232314}".getBytes(StandardCharsets.UTF_8);

    @Test
    void signsAsStandardWebhooksDoes() {
        assertThat(signature(Signer.of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", BODY))
                .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void theBodyMayComeInPieces() {
        Signer signer = Signer.of(SECRET);
        Signer.Signature pieces = signer.begin("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330);
        for (int i = 0; i < BODY.length; i++) {
            pieces.update(BODY, i, 1);
        }
        assertThat(pieces.end()).isEqualTo(signature(signer, "msg_p5jXN8AQM9LWM0D4loKWxJek", BODY));
    }

    @Test
    void everythingThatIsSignedCounts() {
        Signer signer = Signer.of(SECRET);
        String right = signature(signer, "a", BODY);
        assertThat(signature(signer, "b", BODY)).isNotEqualTo(right);
        assertThat(signature(signer, "a", "{\"test\": 2432232315}".getBytes(StandardCharsets.UTF_8))).isNotEqualTo(right);
        assertThat(signer.begin("a", 1614265331).update(BODY, 0, BODY.length).end()).isNotEqualTo(right);
        assertThat(signature(Signer.of("whsec_" + base64(32)), "a", BODY)).isNotEqualTo(right);
    }

    @Test
    void manyThreadsSignAtOnce() throws Exception {
        Signer signer = Signer.of(SECRET);
        List<String> expected = IntStream.range(0, 200).mapToObj(i -> signature(signer, "msg_" + i, BODY)).toList();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<String>> calls = IntStream.range(0, 4000)
                    .<Callable<String>>mapToObj(i -> () -> signature(signer, "msg_" + i % 200, BODY))
                    .toList();
            List<Future<String>> results = threads.invokeAll(calls);
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo(expected.get(i % 200));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {24, 32, 64})
    void takesSecretsOfTheLengthThatTheStandardWants(int bytes) {
        Signer.check("whsec_" + base64(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_not base64!", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    })
    void refusesOtherSecretsWithoutRepeatingThem(String secret) {
        assertThatThrownBy(() -> Signer.check(secret))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("whsec_")
                .hasMessageContaining("24 to 64")
                .hasNoCause()
                .message()
                .doesNotContain("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "not base64!");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 23, 65, 200})
    void refusesSecretsThatAreTooShortOrTooLong(int bytes) {
        assertThatThrownBy(() -> Signer.check("whsec_" + base64(bytes)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has " + bytes + " bytes");
    }

    @Test
    void settingsNeverShowTheSecret() {
        DeliverSettings settings = new DeliverSettings(
                SECRET, "x", 1000, DeliverSettings.Limits.DEFAULT, DeliverSettings.Breaker.DEFAULT);
        assertThat(settings.toString()).doesNotContain("MfKQ9r8");
    }

    private static String signature(Signer signer, String id, byte[] body) {
        return signer.begin(id, 1614265330).update(body, 0, body.length).end();
    }

    private static String base64(int bytes) {
        return Base64.getEncoder().encodeToString(new byte[bytes]);
    }
}
