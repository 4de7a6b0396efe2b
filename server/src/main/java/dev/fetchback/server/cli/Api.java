package dev.fetchback.server.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The HTTP API of a server, as the client commands use it. */
final class Api implements AutoCloseable {
    static final String SERVER_DEFAULT = "http://127.0.0.1:8080";
    static final String SERVER_VARIABLE = "FETCHBACK_SERVER";
    static final String TOKEN_VARIABLE = "FETCHBACK_TOKEN";

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60); // the longest wait the API offers is shorter
    private static final long ANSWER_MAX = 64L << 20; // a list of 1,000 tasks with all they may hold is smaller

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
    private final String base;
    private final @Nullable String token;

    private Api(String base, @Nullable String token) {
        this.base = base;
        this.token = token;
    }

    /** Adds the options every client command has. */
    static CommandSpec options(CommandSpec spec) {
        return spec
                .addOption(OptionSpec.builder("--server").type(String.class).paramLabel("URL")
                        .description("The server to talk to. Default: FETCHBACK_SERVER, or " + SERVER_DEFAULT + ".").build())
                .addOption(OptionSpec.builder("--json").type(boolean.class).arity("0")
                        .description("Print the server's own answer.").build());
    }

    static boolean json(ParseResult arguments) {
        return arguments.matchedOptionValue("--json", false);
    }

    /** The server that {@code --server} or the environment names. */
    static Api from(ParseResult arguments, Terminal terminal) throws CommandFailed {
        String variable = terminal.environment().getOrDefault(SERVER_VARIABLE, "");
        String named = arguments.matchedOptionValue("--server", variable.isBlank() ? SERVER_DEFAULT : variable.strip());
        String source = arguments.hasMatchedOption("--server") ? "--server" : SERVER_VARIABLE;
        return at(named, source, terminal.environment().get(TOKEN_VARIABLE));
    }

    /** The server at {@code url}; {@code source} says in complaints where that came from. */
    static Api at(String url, String source, @Nullable String token) throws CommandFailed {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw notAServer(url, source);
        }
        boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (!web || uri.getHost() == null || uri.getRawUserInfo() != null || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            throw notAServer(url, source);
        }
        if (token != null && !token.strip().chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new CommandFailed(CommandFailed.USAGE, TOKEN_VARIABLE
                    + " holds characters that no token has; was it pasted whole?");
        }
        String base = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        return new Api(base, token == null || token.isBlank() ? null : token.strip());
    }

    private static CommandFailed notAServer(String url, String source) {
        String shown = url.contains("@") ? "the value" : "\"" + Visible.only(url) + "\"";
        return new CommandFailed(CommandFailed.USAGE, source + ": " + shown + " is not a server; give a URL such as "
                + SERVER_DEFAULT);
    }

    Answer get(String path) throws CommandFailed, InterruptedException {
        return send(request(path).timeout(ANSWER_TIMEOUT).GET().build());
    }

    Answer post(String path, String json) throws CommandFailed, InterruptedException {
        HttpRequest.Builder request = request(path).timeout(ANSWER_TIMEOUT).header("Content-Type", "application/json");
        return send(request.POST(BodyPublishers.ofString(json)).build());
    }

    /** Starts a streamed upload of any length; {@link #wait} gives its answer. */
    CompletableFuture<HttpResponse<String>> upload(String path, BodyPublisher lines) {
        HttpRequest.Builder request = request(path).header("Content-Type", "application/x-ndjson");
        return client.sendAsync(request.POST(lines).build(), BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_MAX));
    }

    /** The answer to an upload that is done. */
    Answer wait(CompletableFuture<HttpResponse<String>> upload) throws CommandFailed {
        try {
            HttpResponse<String> response = upload.join();
            return new Answer(response.statusCode(), response.body());
        } catch (CompletionException e) {
            throw unreachable(e.getCause() instanceof IOException io ? io : new IOException(e.getCause()));
        }
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).header("Accept", "application/json");
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private Answer send(HttpRequest request) throws CommandFailed, InterruptedException {
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.limiting(BodyHandlers.ofString(), ANSWER_MAX));
            return new Answer(response.statusCode(), response.body());
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private CommandFailed unreachable(IOException e) {
        String message = switch (e) {
            case HttpTimeoutException timeout -> base + " does not answer; is it overloaded, or not a Fetchback server?";
            case ConnectException refused -> "no server at " + base
                    + "; start one with ./fetchback serve, or name another with --server or "
                    + SERVER_VARIABLE;
            default -> base + " broke off: " + Visible.only(String.valueOf(e.getMessage()));
        };
        return new CommandFailed(CommandFailed.FAILED, message);
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /**
     * What the server said.
     *
     * @param status of HTTP
     * @param body as it came
     */
    record Answer(int status, String body) {
        /** This, or a failure in the server's words when it refused. */
        Answer orFail() throws CommandFailed {
            if (status / 100 == 2) {
                return this;
            }
            throw new CommandFailed(CommandFailed.FAILED, complaint());
        }

        /** The stable code of a problem answer; empty for other answers. */
        String code() throws CommandFailed {
            return status / 100 == 2 ? "" : Json.text(problem(), "code").orElse("");
        }

        private Map<String, Object> problem() throws CommandFailed {
            return body.stripLeading().startsWith("{") ? Json.object(body) : Map.of();
        }

        /** What the server says against it. */
        String complaint() throws CommandFailed {
            Map<String, Object> problem = problem();
            String text = Json.text(problem, "detail").or(() -> title(problem)).orElse("it gives no reason");
            String code = Json.text(problem, "code").map(one -> ", " + one).orElse("");
            String hint = status == 401 || status == 403 ? "; the token is taken from " + TOKEN_VARIABLE : "";
            return "the server refused (" + status + Visible.only(code) + "): " + Visible.only(text) + hint;
        }

        private static java.util.Optional<String> title(Map<String, Object> problem) {
            return Json.text(problem, "title");
        }
    }
}
