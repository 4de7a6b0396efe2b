package dev.fetchback.server.intake;

import dev.fetchback.process.BadOption;
import dev.fetchback.task.ProcessorUse;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads {@code process}: which processors a page goes through, each with its options. */
final class ProcessReader {
    private static final String POINTER = TaskField.PROCESS.pointer();
    private static final Duration TIMEOUT_MIN = Duration.ofMillis(100);
    /** A field of the receiver's JSON, so it should be one that every language can name. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private final ProcessorCheck check;
    private final List<String> names;

    ProcessReader(ProcessorCheck check) {
        this.check = check;
        this.names = List.copyOf(check.names());
    }

    List<ProcessorUse> read(JsonParser p) {
        if (JsonIn.isNull(p)) {
            return List.of();
        }
        JsonIn.array(p, POINTER);
        List<ProcessorUse> uses = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
            String at = POINTER + "/" + uses.size();
            if (uses.size() == ProcessorUse.MAX) {
                throw new Refusal(ApiError.OUT_OF_RANGE, POINTER,
                        "There are more than " + ProcessorUse.MAX + " processors; give at most " + ProcessorUse.MAX + ".");
            }
            ProcessorUse use = one(p, at);
            if (!taken.add(use.name())) {
                throw new Refusal(ApiError.CONFLICTING_FIELDS, at + "/as",
                        "Two results would be named " + Names.quote(use.name()) + "; give one of them another name with \"as\".");
            }
            uses.add(use);
        }
        return uses;
    }

    private ProcessorUse one(JsonParser p, String at) {
        JsonIn.object(p, at);
        Fields fields = new Fields(at);
        StringWriter options = new StringWriter();
        boolean any = false;
        try (JsonGenerator out = JsonIn.generator(options)) {
            out.writeStartObject();
            for (String name = p.nextName(); name != null; name = p.nextName()) {
                p.nextToken();
                if (!fields.seen.add(name)) {
                    throw JsonIn.twice(at + "/" + Names.segment(name));
                }
                if (!fields.read(name, p)) {
                    any = true;
                    copy(p, name, at, out);
                }
            }
            out.writeEndObject();
        }
        return checked(fields, any ? options.toString() : ProcessorUse.NO_OPTIONS);
    }

    private ProcessorUse checked(Fields fields, String options) {
        String use = fields.use;
        if (use == null) {
            throw new Refusal(ApiError.MISSING_FIELD, fields.at + "/use",
                    "There is no \"use\"; give the name of a processor, such as {\"use\":\"text\"}.");
        }
        if (!names.contains(use)) {
            throw new Refusal(ApiError.UNKNOWN_PROCESSOR, fields.at + "/use", Names.quote(use) + " is no processor of this server; "
                    + (names.isEmpty() ? "it has none." : Names.suggest(use, names)));
        }
        try {
            check.check(use, options);
        } catch (BadOption e) {
            throw new Refusal(ApiError.INVALID_VALUE, fields.at + e.pointer(), String.valueOf(e.getMessage()));
        }
        String as = fields.as;
        return new ProcessorUse(use, as == null ? use : as, options, fields.onError, fields.timeout);
    }

    /** What every processor has; all other fields of its object are options of its own. */
    private final class Fields {
        private final String at;
        private final Set<String> seen = new HashSet<>();
        private @Nullable String use;
        private @Nullable String as;
        private ProcessorUse.OnError onError = ProcessorUse.OnError.FAIL;
        private @Nullable Duration timeout;

        Fields(String at) {
            this.at = at;
        }

        /** False when {@code name} is an option. */
        boolean read(String name, JsonParser p) {
            switch (name) {
                case "use" -> use = JsonIn.string(p, at + "/use");
                case "as" -> as = name(p);
                case "on_error" -> onError = onError(p);
                case "timeout" ->
                    timeout = JsonIn.isNull(p) ? null : JsonIn.duration(p, at + "/timeout", TIMEOUT_MIN, check.timeoutMax());
                default -> {
                    return false;
                }
            }
            return true;
        }

        private String name(JsonParser p) {
            String name = JsonIn.string(p, at + "/as");
            if (!NAME.matcher(name).matches()) {
                throw new Refusal(ApiError.INVALID_VALUE, at + "/as",
                        Names.quote(name) + " cannot name a result; use 1 to 64 letters, digits, hyphens and underscores.");
            }
            return name;
        }

        private ProcessorUse.OnError onError(JsonParser p) {
            String value = JsonIn.string(p, at + "/on_error");
            return switch (value) {
                case "fail" -> ProcessorUse.OnError.FAIL;
                case "deliver" -> ProcessorUse.OnError.DELIVER;
                default -> throw new Refusal(ApiError.INVALID_VALUE, at + "/on_error",
                        Names.quote(value) + " is not allowed; use \"fail\" or \"deliver\".");
            };
        }
    }

    /** Writes a field and all that is in it, as strictly as the rest is read. */
    private static void copy(JsonParser p, String name, String at, JsonGenerator out) {
        ArrayDeque<Set<String>> open = new ArrayDeque<>();
        String pointer = at + "/" + Names.segment(name);
        out.writeName(clean(name, pointer));
        do {
            switch (p.currentToken()) {
                case START_OBJECT, START_ARRAY -> open.push(new HashSet<>());
                case END_OBJECT, END_ARRAY -> open.pop();
                case PROPERTY_NAME -> {
                    if (!open.element().add(clean(p.currentName(), pointer))) {
                        throw JsonIn.twice(pointer + "/…/" + Names.segment(p.currentName()));
                    }
                }
                case VALUE_STRING -> JsonIn.text(p, pointer, true);
                case null, default -> {}
            }
            out.copyCurrentEventExact(p);
        } while (!open.isEmpty() && p.nextToken() != null);
    }

    private static String clean(String name, String pointer) {
        if (!Utf8.clean(name)) {
            throw new Refusal(ApiError.INVALID_VALUE, pointer, Names.quote(name) + " holds a control character; use a plain name.");
        }
        return name;
    }
}
