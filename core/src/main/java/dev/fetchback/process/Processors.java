package dev.fetchback.process;

import dev.fetchback.process.Processor.Isolation;
import dev.fetchback.task.ProcessorUse;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The processors that there are, each under a name of its own. */
public final class Processors implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    private final Map<String, Entry> entries = new TreeMap<>();
    private final ProviderJars jars;

    /** Where a processor's chains run. */
    enum Place {
        /** {@link ThreadPool}. */
        THREAD,
        /** The pool of processes. */
        PROCESS,
        /** A program of the operator's. */
        COMMAND
    }

    /**
     * One processor.
     *
     * @param processor what checks its options, and runs unless it is a command
     * @param place where it runs
     * @param origin where it came from, for messages
     */
    record Entry(Processor processor, Place place, String origin) {}

    private Processors(ProviderJars jars) {
        this.jars = jars;
    }

    /**
     * Finds all: those of the class path, those of the jars in the folder of plugins, those handed over, and commands.
     *
     * @param settings the folder, and where processors run that the operator wants elsewhere
     * @param own which always run on threads of this process, as no other has them
     * @param commands programs of the operator's
     * @throws IllegalArgumentException when a jar or a processor cannot be used, or two have one name; it says which and what to
     *     do
     */
    public static Processors find(ProcessSettings settings, Collection<Processor> own, Collection<CommandProcessor> commands) {
        Processors found = provided(settings.plugins());
        try {
            own.forEach(one -> found.add(one, Place.THREAD, "the program's own " + one.getClass().getName()));
            commands.forEach(one -> found.add(one, Place.COMMAND, "command " + one.name()));
            settings.isolation().forEach(found::move);
            return found;
        } catch (RuntimeException e) {
            found.close();
            throw e;
        }
    }

    /** Those that worker processes have too. */
    static Processors provided(@Nullable Path plugins) {
        Processors found = new Processors(ProviderJars.open(plugins));
        try {
            found.jars.load((processor, origin) -> found.add(processor,
                    processor.isolation() == Isolation.THREAD ? Place.THREAD : Place.PROCESS, origin));
            return found;
        } catch (RuntimeException e) {
            found.close();
            throw e;
        }
    }

    private void add(Processor processor, Place place, String origin) {
        String name = processor.name();
        checkName(name, "the processor " + origin);
        Entry other = entries.putIfAbsent(name, new Entry(processor, place, origin));
        if (other != null) {
            throw new IllegalArgumentException("two processors have the name '" + name + "': " + other.origin() + " and " + origin
                    + "; remove one or give it another name");
        }
    }

    static void checkName(String name, String owner) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(owner + " has the name '" + Failures.tidy(name)
                    + "'; allowed are a lower-case letter and then lower-case letters, digits and hyphens, at most 32 in all");
        }
    }

    private void move(String name, Isolation isolation) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("it is set where the processor '" + name + "' runs, but "
                    + unknown(name).getMessage());
        }
        Place place = isolation == Isolation.THREAD ? Place.THREAD : Place.PROCESS;
        if (place == entry.place()) {
            return;
        }
        if (entry.place() == Place.COMMAND || entry.origin().startsWith("the program's own")) {
            throw new IllegalArgumentException("the processor '" + name + "' (" + entry.origin()
                    + ") runs where it does: only those of "
                    + "the class path and of plugins can be moved");
        }
        entries.put(name, new Entry(entry.processor(), place, entry.origin()));
    }

    /** The names, in alphabetical order. */
    public List<String> names() {
        return List.copyOf(entries.keySet());
    }

    /**
     * Checks what a task asks for.
     *
     * @param use a processor's name
     * @param options a JSON object as text
     * @throws UnknownProcessor when there is none of that name
     * @throws BadOption when an option is unknown or its value not allowed
     */
    public void check(String use, String options) throws UnknownProcessor, BadOption {
        Entry entry = entries.get(use);
        if (entry == null) {
            throw unknown(use);
        }
        if (entry.place() == Place.COMMAND) {
            CommandProcessor.check(options);
        }
        try {
            entry.processor().prepare(Json.object(options));
        } catch (RuntimeException | StackOverflowError e) { // it may recurse into what the task gave
            throw new BadOption("", "'" + use + "' cannot be prepared with these options: " + Failures.thrown(e).detail());
        }
    }

    private UnknownProcessor unknown(String name) {
        return new UnknownProcessor(name, names());
    }

    /** Null when there is none. */
    @Nullable Processor processor(String name) {
        Entry entry = entries.get(name);
        return entry == null ? null : entry.processor();
    }

    /** Where a use runs; one of no processor fails anywhere. */
    Place place(ProcessorUse use) {
        Entry entry = entries.get(use.use());
        return entry == null ? Place.THREAD : entry.place();
    }

    /** Whether any runs there. */
    boolean anyIn(Place place) {
        return entries.values().stream().anyMatch(entry -> entry.place() == place);
    }

    /** Closes the jars. */
    @Override
    public void close() {
        jars.close();
    }
}
