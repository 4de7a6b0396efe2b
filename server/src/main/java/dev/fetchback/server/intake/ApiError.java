package dev.fetchback.server.intake;

import java.util.Locale;

/** Every error the HTTP API answers with: its stable code, its status and its title (RFC 9457). docs/errors.md lists the same. */
public enum ApiError {
    /** The body is not JSON. */
    MALFORMED_JSON(400, "The body is not valid JSON"),
    /** A key occurs twice in one object. */
    DUPLICATE_KEY(400, "A key is given twice"),
    /** Something follows the JSON value. */
    TRAILING_TEXT(400, "There is text after the JSON value"),
    /** A field that is not known. */
    UNKNOWN_FIELD(400, "A field is not known"),
    /** A field that must be there is not. */
    MISSING_FIELD(400, "A field is missing"),
    /** A value of the wrong JSON type. */
    WRONG_TYPE(400, "A value has the wrong type"),
    /** A number, a time span or a length outside its bounds. */
    OUT_OF_RANGE(400, "A value is out of range"),
    /** A processor that this server does not have. */
    UNKNOWN_PROCESSOR(400, "A processor is not known"),
    /** A value that is none of those allowed. */
    INVALID_VALUE(400, "A value is not allowed"),
    /** A time span that cannot be read. */
    INVALID_DURATION(400, "A time span cannot be read"),
    /** A point in time that cannot be read. */
    INVALID_TIME(400, "A point in time cannot be read"),
    /** A URL that cannot be used. */
    INVALID_URL(400, "A URL cannot be used"),
    /** A header field that may not be sent. */
    INVALID_HEADER(400, "A header field cannot be sent"),
    /** A signing secret that is not one. */
    INVALID_SECRET(400, "A signing secret cannot be used"),
    /** Two fields that exclude each other. */
    CONFLICTING_FIELDS(400, "Two fields exclude each other"),
    /** A cursor that this server did not give. */
    INVALID_CURSOR(400, "The cursor cannot be used"),
    /** A query parameter that is unknown or cannot be read. */
    INVALID_PARAMETER(400, "A query parameter cannot be used"),
    /** An {@code Idempotency-Key} that cannot be used. */
    INVALID_IDEMPOTENCY_KEY(400, "The idempotency key cannot be used"),
    /** Not one task of a batch was accepted. */
    BATCH_REJECTED(400, "No task of the batch was accepted"),
    /** The request is not HTTP as this server speaks it. */
    BAD_REQUEST(400, "The request cannot be read"),
    /** No token, or one that is not known. */
    UNAUTHORIZED(401, "A token is needed"),
    /** The token may not do this. */
    ADMIN_REQUIRED(403, "An admin token is needed"),
    /** A web page of another origin made a browser send this. */
    CROSS_SITE(403, "Requests of other sites are refused"),
    /** The signature of a link does not fit. */
    INVALID_LINK(403, "The link is not valid"),
    /** No such route. */
    NOT_FOUND(404, "There is nothing here"),
    /** No such task, or it belongs to another token. */
    TASK_NOT_FOUND(404, "The task is not known"),
    /** No such batch, or it belongs to another token. */
    BATCH_NOT_FOUND(404, "The batch is not known"),
    /** No such receiver. */
    RECEIVER_NOT_FOUND(404, "The receiver is not known"),
    /** The task has no page in the store. */
    NO_RESULT(404, "The task has no kept page"),
    /** The route exists, but not with this method. */
    METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
    /** The body came too slowly. */
    REQUEST_TIMEOUT(408, "The request came too slowly"),
    /** The idempotency key was used for another request. */
    IDEMPOTENCY_CONFLICT(409, "The idempotency key was used for another request"),
    /** The task is finished already. */
    TASK_FINISHED(409, "The task is finished already"),
    /** The task is not finished yet. */
    TASK_NOT_FINISHED(409, "The task is not finished"),
    /** The task's outcome is not dead. */
    TASK_NOT_DEAD(409, "The task is not dead"),
    /** The link's time is over. */
    LINK_EXPIRED(410, "The link has expired"),
    /** The body is longer than allowed. */
    BODY_TOO_LARGE(413, "The body is too large"),
    /** The request line is longer than allowed. */
    URI_TOO_LONG(414, "The request's URI is too long"),
    /** The body is of a type that is not understood. */
    UNSUPPORTED_MEDIA_TYPE(415, "The body's type is not understood"),
    /** The range lies outside the page. */
    RANGE_NOT_SATISFIABLE(416, "The range cannot be served"),
    /** The {@code Host} is not one of this server's. */
    HOST_NOT_ALLOWED(421, "The Host is not this server's"),
    /** The header section is longer than allowed. */
    HEADERS_TOO_LARGE(431, "The request's headers are too large"),
    /** A fault of the server. */
    INTERNAL(500, "The server made a mistake"),
    /** Described in the API, but not built yet. */
    NOT_SUPPORTED(501, "This is not supported yet"),
    /** Too much is being done. */
    OVERLOADED(503, "The server is overloaded"),
    /** The server is shutting down. */
    DRAINING(503, "The server is shutting down"),
    /** The store cannot be written or read. */
    STORE_UNAVAILABLE(503, "The store is not available"),
    /** The disk is full. */
    STORAGE_FULL(507, "The storage is full");

    private final int status;
    private final String title;
    private final String code = name().toLowerCase(Locale.ROOT);

    ApiError(int status, String title) {
        this.status = status;
        this.title = title;
    }

    /** The code in the answer; never changed once released. */
    public String code() {
        return code;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The same words for every occurrence. */
    public String title() {
        return title;
    }
}
