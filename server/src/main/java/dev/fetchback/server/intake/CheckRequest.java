package dev.fetchback.server.intake;

import dev.fetchback.task.Stage;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;

/**
 * What {@code POST /v1/check} asks for.
 *
 * @param stage what the URL would be used for
 */
record CheckRequest(String url, Stage stage) {
    private static final List<String> FIELDS = List.of("url", "for");

    static CheckRequest read(byte[] json, UrlReader urls) {
        try (JsonParser p = JsonIn.parser(Slice.of(json))) {
            p.nextToken();
            JsonIn.object(p, "");
            String url = null;
            Stage stage = Stage.FETCH;
            int seen = 0;
            for (String name = p.nextName(); name != null; name = p.nextName()) {
                seen = OptionReader.see(seen, FIELDS, name, "");
                p.nextToken();
                if (name.equals("url")) {
                    url = urls.read(p, "/url");
                } else {
                    stage = stage(JsonIn.string(p, "/for"));
                }
            }
            TaskReader.endOfText(p);
            if (url == null) {
                throw new Refusal(ApiError.MISSING_FIELD, "/url", "There is no \"url\"; give the URL to check.");
            }
            return new CheckRequest(url, stage);
        } catch (JacksonException e) {
            throw JsonIn.malformed(e);
        }
    }

    private static Stage stage(String text) {
        return switch (text) {
            case "fetch" -> Stage.FETCH;
            case "deliver" -> Stage.DELIVER;
            default -> throw new Refusal(
                    ApiError.INVALID_VALUE, "/for", Names.quote(text) + " is not allowed; use \"fetch\" or \"deliver\".");
        };
    }
}
