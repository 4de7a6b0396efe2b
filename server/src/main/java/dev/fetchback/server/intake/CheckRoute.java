package dev.fetchback.server.intake;

import dev.fetchback.outbound.Rule;
import dev.fetchback.outbound.Target;
import dev.fetchback.outbound.Vetting;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/check}: tells the operator what the guard of outgoing connections says of a URL, and why. Blocks. */
final class CheckRoute {
    private final Kit kit;
    private final UrlReader urls;
    private final GuardView guard;

    CheckRoute(Kit kit, UrlReader urls, GuardView guard) {
        this.kit = kit;
        this.urls = urls;
        this.guard = guard;
    }

    /** For admins alone: the answer tells of the network. */
    void check(Call call) throws IOException, InterruptedException {
        Guard.admin(call);
        MediaType.requireJson(call);
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        CheckRequest request = CheckRequest.read(SmallBody.read(call, kit), urls);
        call.json(200, json(request, guard.check(request.url(), request.stage())));
    }

    private static JsonBytes json(CheckRequest request, Vetting vetting) {
        Target target = vetting.target();
        Vetting.Refusal refusal = vetting.refusal();
        JsonBytes json = new JsonBytes(1024)
                .object()
                .field("url", target.toString())
                .field("for", request.stage().name().toLowerCase(Locale.ROOT))
                .field("allowed", refusal == null)
                .field("code", refusal == null ? null : refusal.kind().code())
                .field("reason", refusal == null ? null : refusal.reason());
        rule(json, refusal == null ? null : refusal.rule());
        json.field("hint", CheckHint.of(vetting, request.stage()));
        json.name("target").object()
                .field("scheme", target.scheme())
                .field("host", target.asciiHost())
                .field("port", target.port())
                .field("path", target.pathQuery())
                .endObject();
        json.field("source", vetting.source().name().toLowerCase(Locale.ROOT)).name("aliases").array();
        vetting.resolved().aliases().forEach(json::value);
        json.endArray().field("ttl_seconds", vetting.resolved().ttl().toSeconds()).name("addresses").array();
        for (Vetting.Finding finding : vetting.findings()) {
            json.object().field("address", finding.address().getHostAddress()).field("allowed", finding.rule().allows());
            rule(json, finding.rule());
            json.endObject();
        }
        return json.endArray().endObject();
    }

    private static void rule(JsonBytes json, @Nullable Rule rule) {
        json.field("rule", rule == null ? null : rule.ground().code());
        json.field("entry", rule == null || rule.entry().isEmpty() ? null : rule.entry());
    }
}
