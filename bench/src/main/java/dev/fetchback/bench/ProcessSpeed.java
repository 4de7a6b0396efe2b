package dev.fetchback.bench;

import dev.fetchback.process.FetchedPage;
import dev.fetchback.process.ProcessSettings;
import dev.fetchback.process.ProcessStep;
import dev.fetchback.process.Processor;
import dev.fetchback.task.Ids;
import dev.fetchback.task.Page;
import dev.fetchback.task.ProcessorUse;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Bytes;
import dev.fetchback.work.ProcessInput;
import dev.fetchback.work.ProcessResult;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * How many pages of 100 KB are taken through {@code text} and {@code links} in a second: called directly, on the pool of threads, in
 * worker processes, and by a pool of Python processes, in turns; {@code bench/process} runs it.
 */
final class ProcessSpeed {
    private static final int PAGE_BYTES = 100_000;
    private static final int WARM_UP = 12; // as long as so many rounds: workers gain until each had some 15,000 pages
    private static final int CALLERS_EACH = 2; // a page is ready when a worker is
    private static final List<ProcessorUse> USES = List.of(ProcessorUse.of("text"), ProcessorUse.of("links"));
    private static final FetchedPage.Facts FACTS = new FetchedPage.Facts(
            "tsk_bench", "https://news.example/today", "https://news.example/today", 200, "text/html; charset=utf-8", List.of());

    private final int width;
    private final double seconds;
    private final byte[] html = html(PAGE_BYTES);
    private final Task task;
    private final TaskSpec spec;
    private final ProcessInput input;

    private ProcessSpeed(int width, double seconds) {
        this.width = width;
        this.seconds = seconds;
        Task.Plan plan = new Task.Plan("news.example:443", null, 5, 1, 1, 0, 0, true, null);
        Ids ids = new Ids(0, 0, System::currentTimeMillis, RandomGenerator.getDefault());
        this.task = Task.submitted(ids.task(), plan, 0, 1);
        TaskSpec plain = TaskSpec.get(FACTS.url(), null);
        this.spec = new TaskSpec(
                plain.url(), plain.request(), plain.fetch(), USES, plain.deliver(), plain.schedule(), plain.tags());
        Page page = new Page(200, FACTS.finalUrl(), List.of(), FACTS.contentType(), html.length, "0".repeat(64), 0, 1);
        this.input = new ProcessInput(page, new Bytes(html), false);
    }

    private interface Contender {
        /** Pages a second. */
        double measure() throws Exception;
    }

    /** One page, as often as the time allows. */
    private interface Once {
        void run() throws Exception;
    }

    static void run(String[] args) throws Exception {
        int width = args.length > 0 ? Integer.parseInt(args[0]) : Runtime.getRuntime().availableProcessors();
        double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 5;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
        ProcessSpeed speed = new ProcessSpeed(width, seconds);
        try (ProcessStep processes = speed.step(Processor.Isolation.PROCESS);
                ProcessStep threads = speed.step(Processor.Isolation.THREAD)) {
            Map<String, Contender> contenders = new LinkedHashMap<>();
            contenders.put("direct", speed::direct);
            contenders.put("threads", () -> speed.pooled(threads));
            contenders.put("processes", () -> speed.pooled(processes));
            contenders.put("python", speed::python);
            if (args.length > 3) {
                contenders.keySet().retainAll(List.of(args[3].split(",")));
            }
            Map<String, List<Double>> rates = new LinkedHashMap<>();
            for (int round = -WARM_UP; round < rounds; round++) {
                for (Map.Entry<String, Contender> each : contenders.entrySet()) {
                    if (round < -1 && each.getKey().equals("python")) {
                        continue; // it starts anew each time
                    }
                    double rate = each.getValue().measure();
                    if (round >= 0) {
                        rates.computeIfAbsent(each.getKey(), _ -> new ArrayList<>()).add(rate);
                    }
                    System.out.printf("%s %-10s %,9.0f pages/s%n", round < 0 ? "warm-up" : "round " + round, each.getKey(), rate);
                }
            }
            report(rates, width, speed.html.length, processes.isolation());
        }
    }

    private static void report(Map<String, List<Double>> rates, int width, int bytes, Map<String, String> isolation) {
        System.out.printf("%ntext + links of a page of %,d bytes, width %d; isolation of processes: %s%n", bytes, width, isolation);
        double first = median(rates.values().iterator().next());
        rates.forEach((name, all) -> System.out.printf(
                "%-10s median %,9.0f pages/s   %.2f of the first%n", name, median(all), median(all) / first));
    }

    private static double median(List<Double> all) {
        double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private ProcessStep step(Processor.Isolation isolation) {
        ProcessSettings settings = ProcessSettings.DEFAULT
                .withPlaces(width, ProcessSettings.DEFAULT.queue(), ProcessSettings.DEFAULT.patience())
                .with(ProcessSettings.DEFAULT.workers().withCount(width))
                .withIsolation(Map.of("text", isolation, "links", isolation));
        return ProcessStep.open(settings, List.of(), List.of(), System::currentTimeMillis, new PrometheusRegistry());
    }

    private double direct() throws Exception {
        List<Processor.Job> jobs = new ArrayList<>();
        for (ProcessorUse use : USES) {
            Processor processor = ServiceLoader.load(Processor.class).stream()
                    .map(ServiceLoader.Provider::get).filter(one -> one.name().equals(use.use())).findFirst().orElseThrow();
            jobs.add(processor.prepare(Map.of()));
        }
        return rate(width, false, () -> {
            FetchedPage page = new FetchedPage(FACTS, html);
            for (Processor.Job job : jobs) {
                if (job.run(page) == null) {
                    throw new IllegalStateException("nothing came of the page");
                }
            }
        });
    }

    private double pooled(ProcessStep step) throws Exception {
        return rate(CALLERS_EACH * width, true, () -> {
            if (!(step.run(task, spec, input) instanceof ProcessResult.Processed done) || done.results().length < 1_000) {
                throw new IllegalStateException("the page was not processed");
            }
        });
    }

    private double rate(int callers, boolean virtual, Once once) throws Exception {
        long until = System.nanoTime() + (long) (seconds * 1e9);
        AtomicLong pages = new AtomicLong();
        List<Throwable> faults = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        long began = System.nanoTime();
        for (int i = 0; i < callers; i++) {
            Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
            threads.add(builder.start(() -> {
                try {
                    while (System.nanoTime() < until) {
                        once.run();
                        pages.incrementAndGet();
                    }
                } catch (Exception e) {
                    synchronized (faults) {
                        faults.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (!faults.isEmpty()) {
            throw new IllegalStateException("a page failed", faults.getFirst());
        }
        return pages.get() / ((System.nanoTime() - began) / 1e9);
    }

    /** A pool of Python processes at the same: its own run, on the same page. */
    private double python() throws Exception {
        Path page = Files.createTempFile("page", ".html");
        try {
            Files.write(page, html);
            Process process = new ProcessBuilder(
                    "/usr/bin/python3", "bench/peers/process_pool.py", page.toString(), Integer.toString(width), Double.toString(seconds))
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("the Python pool failed");
            }
            return Double.parseDouble(out);
        } finally {
            Files.delete(page);
        }
    }

    /** A page as news sites have it: a head, menus, an article, teasers, a footer; the same each time. */
    private static byte[] html(int bytes) {
        String[] words = ("the of and to in a is that for it as was with be by on not he his but at are this have from or had an "
                + "they which one you were all her she there would their we him been has when who will no more if out so up said "
                + "what its about than into them can only other time new some could these two may first then do any like my now "
                + "over such our man me even most made after also did many off before must well back through years where").split(" ");
        StringBuilder out = new StringBuilder(bytes + 4_096);
        out.append("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Today</title>"
                + "<script>var a = {\"b\": [1, 2, 3]};</script><style>p { margin: 0 }</style></head><body><nav><ul>");
        for (int i = 0; i < 60; i++) {
            out.append("<li class=\"item\"><a href=\"/section/").append(i).append("\">Section ").append(i).append("</a></li>");
        }
        out.append("</ul></nav><main><article><h1>Today in the news</h1>");
        long seed = 1;
        for (int paragraph = 0; out.length() < bytes; paragraph++) {
            out.append("<div class=\"block\"><h2 id=\"p").append(paragraph).append("\">Part ").append(paragraph).append("</h2><p>");
            for (int i = 0; i < 60; i++) {
                seed = seed * 6364136223846793005L + 1442695040888963407L;
                int pick = (int) (seed >>> 33);
                String word = words[pick % words.length];
                out.append(switch (pick / words.length % 16) {
                    case 0 -> "<a href=\"../story/" + pick + "?from=today&amp;n=" + i + "\" rel=\"nofollow\">" + word + "</a> ";
                    case 1 -> "<em>" + word + "</em> ";
                    case 2 -> word + "&nbsp;&mdash; ";
                    default -> word + ' ';
                });
            }
            out.append("</p></div>\n");
        }
        return out.append("</article></main><footer><p>&copy; The News</p></footer></body></html>").toString()
                .getBytes(StandardCharsets.UTF_8);
    }
}
