package dev.fetchback.bench;

import dev.fetchback.process.FetchedPage;
import dev.fetchback.process.Processor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes what {@code article} and {@code markdown} make of each page in a folder; {@code bench/quality/run} scores it. */
final class Extracts {
    private static final String URL = "https://site.example/dir/page"; // as in pages.mjs
    private static final JsonFactory JSON = JsonFactory.builder().build();

    private Extracts() {}

    static void run(Path pages, Path results) throws Exception {
        Processor.Job article = processor("article").prepare(Map.of("html", false));
        Processor.Job markdown = processor("markdown").prepare(Map.of());
        try (Stream<Path> files = Files.list(pages)) {
            for (Path file : files.sorted().toList()) {
                FetchedPage.Facts facts = new FetchedPage.Facts("tsk_bench", URL, URL, 200, "text/html", List.of());
                FetchedPage page = new FetchedPage(facts, Files.readAllBytes(file));
                Map<String, String> result = new TreeMap<>();
                if (article.run(page) instanceof Map<?, ?> found) {
                    found.forEach((name, value) -> result.put(String.valueOf(name), String.valueOf(value)));
                }
                result.put("markdown", String.valueOf(markdown.run(page)));
                write(results.resolve(file.getFileName().toString().replace(".html", ".json")), result);
            }
        }
    }

    private static Processor processor(String name) {
        return ServiceLoader.load(Processor.class).stream().map(ServiceLoader.Provider::get)
                .filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    }

    private static void write(Path file, Map<String, String> result) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out, JsonEncoding.UTF8)) {
            json.writeStartObject();
            result.forEach(json::writeStringProperty);
            json.writeEndObject();
        }
    }
}
