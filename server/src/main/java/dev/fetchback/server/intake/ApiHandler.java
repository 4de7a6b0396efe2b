package dev.fetchback.server.intake;

import dev.fetchback.server.ops.OpsAnswer;
import dev.fetchback.server.ops.RequestMetrics;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Takes every request: counts it, finds its route, looks who sent it, and hands it on. Runs on the threads that read from the
 * network, so it never blocks; whatever may block goes to threads of its own.
 */
final class ApiHandler extends Handler.Abstract.NonBlocking {
    private final Kit kit;
    private final Gate gate;
    private final Guard guard;
    private final Routes routes;
    private final RequestMetrics metrics;
    private final @Nullable Connector ops;

    /** @param ops where only health checks and metrics are answered; null when there is no such port */
    ApiHandler(Kit kit, Gate gate, Guard guard, Routes routes, RequestMetrics metrics, @Nullable Connector ops) {
        this.kit = kit;
        this.gate = gate;
        this.guard = guard;
        this.routes = routes;
        this.metrics = metrics;
        this.ops = ops;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Route.Match match = Route.of(request.getHttpURI().getPath());
        Call call = new Call(request, response, callback, match, this::ended, kit::nanos);
        try {
            admit(call);
            dispatch(call);
        } catch (Throwable e) {
            kit.failed(call, e);
        }
        return true;
    }

    private void ended(Call call, int status) {
        metrics.observe(call.route().ordinal(), status, call.ageNanos());
        gate.leave();
    }

    private void admit(Call call) {
        Route route = call.route();
        boolean health = route == Route.LIVE || route == Route.READY;
        Connector connector = call.request().getConnectionMetaData().getConnector();
        if (health || route == Route.METRICS) { // an operator needs them most when everything else is used up
            gate.enterAlways();
        } else if (!gate.enter()) {
            gate.enterAlways(); // it is inside while it is told so
            throw Refusal.retryAfter(ApiError.OVERLOADED, 1, "Too many requests are being served; try again in a second.");
        }
        if (gate.closed() && route != Route.LIVE) {
            throw Refusal.retryAfter(ApiError.DRAINING, 1, "The server is shutting down; try again.");
        }
        if (connector == ops && !health && route != Route.METRICS) {
            throw new Refusal(
                    ApiError.NOT_FOUND, "On this port there are /health/live, /health/ready and /metrics; the API has its own.");
        }
        if (route == Route.UNKNOWN) {
            throw new Refusal(
                    ApiError.NOT_FOUND,
                    "There is nothing at " + Names.quote(call.request().getHttpURI().getPath())
                            + "; docs/api.md lists the routes.");
        }
        if (!health && !ResultRoute.linked(call)) {
            guard.admit(call, ((NetworkConnector) connector).getLocalPort());
        }
        if (route == Route.ROOT && (call.method("GET") || call.method("HEAD"))) {
            throw new Refusal(ApiError.NOT_SUPPORTED, "The dashboard is not supported yet; POST a task here.");
        }
        if (!route.takes(call.request().getMethod())) {
            throw new Refusal(
                    ApiError.METHOD_NOT_ALLOWED,
                    "The method " + Names.quote(call.request().getMethod()) + " is not allowed here; use " + route.allow() + ".");
        }
    }

    private void dispatch(Call call) {
        switch (call.route()) {
            case ROOT -> routes.submit().begin(call);
            case TASKS -> {
                if (call.method("POST")) {
                    routes.submit().begin(call);
                } else {
                    kit.later(call, () -> routes.tasks().list(call));
                }
            }
            case TASK -> kit.later(
                    call,
                    call.method("DELETE") ? () -> routes.tasks().delete(call) : () -> routes.tasks().status(call));
            case RESULT -> kit.later(call, () -> routes.result().serve(call));
            case PROCESSED -> kit.later(call, () -> routes.result().processed(call));
            case CANCEL -> kit.later(call, () -> routes.tasks().cancel(call));
            case RETRY -> kit.later(call, () -> routes.tasks().retry(call));
            case REDRIVE -> kit.later(call, () -> routes.tasks().redrive(call));
            case BATCHES -> routes.batches().begin(call);
            case BATCH -> kit.later(call, () -> routes.batches().status(call));
            case DEAD -> kit.later(call, () -> routes.tasks().dead(call));
            case DEAD_REDRIVE -> kit.later(call, () -> routes.dead().redrive(call));
            case NODES -> kit.later(call, () -> routes.nodes().list(call));
            case RECEIVERS -> kit.later(call, () -> routes.receivers().list(call));
            case RESUME -> kit.later(call, () -> routes.receivers().resume(call));
            case PAUSE -> kit.later(call, () -> routes.receivers().pause(call));
            case CHECK -> kit.later(call, () -> routes.check().check(call));
            case LIVE -> answer(call, kit.ops().live());
            case READY -> answer(call, kit.ops().ready());
            case METRICS -> {
                Guard.admin(call);
                kit.later(call, () -> answer(call, kit.ops().metrics()));
            }
            case LATER -> throw new Refusal(
                    ApiError.NOT_SUPPORTED, call.request().getHttpURI().getPath() + " is described but not supported yet.");
            case UNKNOWN -> throw new AssertionError("refused before");
        }
    }

    private static void answer(Call call, OpsAnswer answer) {
        call.answer(
                answer.status(), new HttpField(HttpHeader.CONTENT_TYPE, answer.contentType()), ByteBuffer.wrap(answer.body()));
    }

    /** Where requests go. */
    record Routes(
            SubmitRoute submit,
            TaskRoutes tasks,
            BatchRoutes batches,
            ResultRoute result,
            DeadRoutes dead,
            NodeRoutes nodes,
            ReceiverRoutes receivers,
            CheckRoute check) {}
}
