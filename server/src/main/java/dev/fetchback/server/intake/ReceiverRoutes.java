package dev.fetchback.server.intake;

import dev.fetchback.store.ReceiverRecord;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** The endpoints that outcomes go to, and their health. Every method blocks. */
final class ReceiverRoutes {
    private static final int RECEIVER_BYTES = 256;

    private final Kit kit;

    ReceiverRoutes(Kit kit) {
        this.kit = kit;
    }

    /** {@code GET /v1/receivers}. */
    void list(Call call) throws IOException {
        Guard.admin(call);
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        List<ReceiverRecord> receivers = kit.tasks().receivers();
        JsonBytes json = new JsonBytes(RECEIVER_BYTES * Math.max(1, receivers.size())).object().name("receivers").array();
        receivers.forEach(receiver -> write(json, receiver));
        SlowWrite.whole(call, 200, Call.JSON, json.endArray().endObject().buffer(), kit);
    }

    /** {@code POST /v1/receivers/{id}/resume}. */
    void resume(Call call) {
        change(call, kit.tasks()::resumeReceiver);
    }

    /** {@code POST /v1/receivers/{id}/pause}. */
    void pause(Call call) {
        change(call, kit.tasks()::pauseReceiver);
    }

    private void change(Call call, Predicate<String> change) {
        Guard.admin(call);
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        Optional<ReceiverRecord> changed = change.test(call.id())
                ? kit.tasks().receivers().stream().filter(receiver -> receiver.id().equals(call.id())).findFirst()
                : Optional.empty();
        JsonBytes json = new JsonBytes(RECEIVER_BYTES);
        write(
                json,
                changed.orElseThrow(() -> new Refusal(
                        ApiError.RECEIVER_NOT_FOUND,
                        "There is no receiver " + Names.quote(call.id()) + "; GET /v1/receivers lists those that were seen.")));
        call.json(200, json);
    }

    private static void write(JsonBytes json, ReceiverRecord receiver) {
        json.object()
                .field("id", receiver.id())
                .field("endpoint", receiver.endpoint())
                .field("status", receiver.status().name().toLowerCase(Locale.ROOT))
                .field("reason", receiver.reason())
                .field("failures", receiver.failures());
        json.name("until").time(receiver.until());
        json.name("updated_at").time(receiver.updatedAt()).endObject();
    }
}
