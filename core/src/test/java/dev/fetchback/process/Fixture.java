package dev.fetchback.process;

import dev.fetchback.task.Page;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.ProcessorUse.OnError;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.ProcessInput;
import dev.fetchback.work.ProcessResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Pages, tasks and processors for the tests of the step. */
final class Fixture {
    static final String URL = "http://example.test/page";
    private static final AtomicLong IDS = new AtomicLong();

    private Fixture() {}

    /** A processor that is a function of the page. */
    record Simple(String name, Job job) implements Processor {
        @Override
        public Job prepare(Map<String, @Nullable Object> options) throws BadOption {
            if (!options.isEmpty()) {
                throw new BadOption("/" + options.keySet().iterator().next(), "it has no options");
            }
            return job;
        }
    }

    static TaskId newId() {
        return new TaskId(1, IDS.incrementAndGet());
    }

    static Task task(TaskId id) {
        return Task.submitted(id, new Task.Plan("example.test:80", null, 5, 1, 1, 0, 0), 0, 1);
    }

    static ProcessorUse use(String name) {
        return ProcessorUse.of(name);
    }

    static ProcessorUse lenient(String name) {
        return new ProcessorUse(name, name, "{}", OnError.DELIVER, null);
    }

    static ProcessorUse within(String name, Duration timeout, OnError onError) {
        return new ProcessorUse(name, name, "{}", onError, timeout);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static ProcessResult run(ProcessStep step, TaskId id, byte[] page, List<ProcessorUse> uses) throws InterruptedException {
        TaskSpec plain = TaskSpec.get(URL, null);
        TaskSpec spec = new TaskSpec(URL, plain.request(), plain.fetch(), uses, null, plain.schedule(), plain.tags());
        Page facts = new Page(200, URL + "?final", List.of(), "text/html", page.length, "0".repeat(64), 1, 1);
        return step.run(task(id), spec, new ProcessInput(facts, new Bytes(page), false));
    }

    static ProcessResult run(ProcessStep step, ProcessorUse... uses) throws InterruptedException {
        return run(step, newId(), bytes("<p>page</p>"), List.of(uses));
    }

    /** What came, as text: the results, then the failures. */
    static String text(ProcessResult result) {
        return switch (result) {
            case ProcessResult.Processed(byte[] json, List<ProcessResult.Failure> failures) -> new String(json,
                    StandardCharsets.UTF_8)
                    + failures.stream().map(f -> " " + f.name() + "=" + f.problem().code()).collect(Collectors.joining());
            case ProcessResult.Failed failed -> "failed " + failed.problem().code() + (failed.retryable() ? " again" : "");
            case ProcessResult.Busy busy -> "busy " + busy.problem().code() + (busy.notBefore() > 0 ? " later" : "");
        };
    }

    /** A jar that names processors, whose classes may be on the class path. */
    static Path jar(Path file, String... classes) throws IOException {
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file))) {
            jar.putNextEntry(new JarEntry("META-INF/services/" + Processor.class.getName()));
            jar.write(Stream.of(classes).collect(Collectors.joining("\n")).getBytes(StandardCharsets.UTF_8));
            jar.closeEntry();
        }
        return file;
    }
}
