package dev.fetchback.deliver;

import dev.fetchback.task.Header;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** A receiver that keeps what it is sent and answers as told. */
final class FakePost implements Post {
    final List<Sent> sent = new CopyOnWriteArrayList<>();
    volatile Answering answering = letter -> new Reply.Answer(204, null);

    @FunctionalInterface
    interface Answering {
        Reply answer(Letter letter) throws IOException, InterruptedException;
    }

    /** A letter with a copy of its body. */
    record Sent(Letter letter, byte[] body) {
        Map<String, String> headers() {
            return letter.headers().stream().collect(Collectors.toMap(Header::name, Header::value));
        }
    }

    @Override
    public Reply send(Letter letter) throws IOException, InterruptedException {
        sent.add(new Sent(letter, switch (letter.content()) {
            case Content.Bytes(byte[] array, int length) -> java.util.Arrays.copyOf(array, length);
            case Content.Streamed(var body) -> {
                try (var in = body.open()) {
                    yield in.readAllBytes();
                }
            }
        }));
        return answering.answer(letter);
    }

    void answer(int status) {
        answering = letter -> new Reply.Answer(status, null);
    }
}
