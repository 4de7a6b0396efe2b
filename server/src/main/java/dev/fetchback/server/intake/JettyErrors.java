package dev.fetchback.server.intake;

import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers what never came as far as a route: requests that are not HTTP, or too long. */
final class JettyErrors implements Request.Handler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        ApiError error = of(response.getStatus());
        response.reset();
        response.setStatus(error.status());
        response.getHeaders().put(new HttpField(HttpHeader.CONTENT_TYPE, "application/problem+json"));
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
        response.write(true, Call.problem(error, detail(error, request), null).endObject().buffer(), callback);
        return true;
    }

    private static ApiError of(int status) {
        return switch (status) {
            case 408 -> ApiError.REQUEST_TIMEOUT;
            case 413 -> ApiError.BODY_TOO_LARGE;
            case 414 -> ApiError.URI_TOO_LONG;
            case 431 -> ApiError.HEADERS_TOO_LARGE;
            default -> status < 500 || status == 505 ? ApiError.BAD_REQUEST : ApiError.INTERNAL;
        };
    }

    private static String detail(ApiError error, Request request) {
        return switch (error) {
            case URI_TOO_LONG, HEADERS_TOO_LARGE ->
                "The request line and the headers have more than " + ApiLimits.HEADER_BYTES + " bytes; send less.";
            case INTERNAL -> "The request failed for a reason that is in the server's log.";
            default -> "The request is not HTTP/1.1 as this server reads it"
                    + reason(request.getAttribute(ErrorHandler.ERROR_MESSAGE));
        };
    }

    private static String reason(@Nullable Object message) {
        return message instanceof String text ? ": " + Names.quote(text) + "." : ".";
    }
}
