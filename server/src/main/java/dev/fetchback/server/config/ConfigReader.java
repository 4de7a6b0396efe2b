package dev.fetchback.server.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/** Puts a {@link Config} together: flags before environment before {@code fetchback.yaml} before defaults. */
public final class ConfigReader {
    /** The file that is read when none is named. */
    public static final String FILE = "fetchback.yaml";

    private final Map<String, String> environment;
    private final Path folder;
    private final Map<Setting<?>, Consumer<Object>> checks = new HashMap<>();
    private final List<Pair<?, ?>> pairs = new ArrayList<>();
    private final Map<Set<Setting<?>>, Function<Config, List<Wrong>>> groups = new LinkedHashMap<>();
    private final Set<Setting<?>> faulty = new HashSet<>();

    /**
     * What is wrong with a setting.
     *
     * @param message without the value; what is wrong and what to do
     */
    public record Wrong(Setting<?> setting, String message) {}

    /** Two settings that must go together. */
    private record Pair<A, B>(Setting<A> first, Setting<B> second, BiConsumer<A, B> check) {
        void run(Config config, List<Fault> faults) {
            config.find(first).ifPresent(a -> config.find(second).ifPresent(b -> {
                try {
                    check.accept(a, b);
                } catch (IllegalArgumentException e) {
                    String message = "does not go with " + config.source(first) + " (" + e.getMessage() + ")";
                    faults.add(new Fault(config.source(second), b.toString(), message));
                }
            }));
        }
    }

    /**
     * @param environment all variables; those that do not begin with {@code FETCHBACK_} are not looked at
     * @param folder where {@code fetchback.yaml} is looked for
     */
    public ConfigReader(Map<String, String> environment, Path folder) {
        this.environment = Map.copyOf(environment);
        this.folder = folder;
    }

    /**
     * Adds a check that the table cannot do; it throws {@link IllegalArgumentException} saying what is wrong, without the value.
     */
    @SuppressWarnings("unchecked") // the value comes from the setting's own kind
    public <T> ConfigReader check(Setting<T> setting, Consumer<T> check) {
        checks.put(setting, value -> check.accept((T) value));
        return this;
    }

    /**
     * Adds a check of two settings together, made when both are given and each is right by itself; it throws
     * {@link IllegalArgumentException} saying what is wrong and what to do. Not for secrets.
     */
    public <A, B> ConfigReader check(Setting<A> first, Setting<B> second, BiConsumer<A, B> check) {
        pairs.add(new Pair<>(first, second, check));
        return this;
    }

    /**
     * Adds a check of several settings together, made when each of them is right by itself or has its default. Not for secrets.
     *
     * @param check says what is wrong with them
     */
    public ConfigReader check(Set<Setting<?>> of, Function<Config, List<Wrong>> check) {
        groups.put(Set.copyOf(of), check);
        return this;
    }

    private void checkGroups(Config config, List<Fault> faults) {
        groups.forEach((of, check) -> {
            if (of.stream().noneMatch(faulty::contains)) {
                for (Wrong wrong : check.apply(config)) {
                    String source = config.source(wrong.setting());
                    String where = source.equals(Config.DEFAULT) ? wrong.setting().name() + " (" + source + ")" : source;
                    faults.add(new Fault(where, null, wrong.message()));
                }
            }
        });
    }

    /**
     * Reads everything.
     *
     * @param arguments the flags, {@code --config FILE} among them
     * @throws ConfigException with all problems of all sources
     */
    public Config read(List<String> arguments) throws ConfigException {
        List<Fault> faults = new ArrayList<>();
        Map<Setting<?>, Config.Given> given = new HashMap<>();
        for (Setting<?> setting : Settings.ALL) {
            if (setting.fallback() != null) {
                given.put(setting, new Config.Given(setting.kind().parser().apply(setting.fallback()), Config.DEFAULT));
            }
        }
        Flags flags = new Flags(arguments, faults);
        // From the weakest to the strongest. All are checked: a bad value must not wait for the day its override goes.
        accept(file(flags, faults), given, faults);
        accept(Environment.read(environment, faults), given, faults);
        accept(flags.sources(), given, faults);
        readSecretFile(given, faults);
        checkTogether(given, faults);
        checkGroups(new Config(given), faults);
        if (faults.isEmpty()) {
            pairs.forEach(pair -> pair.run(new Config(given), faults));
        }
        if (!faults.isEmpty()) {
            throw new ConfigException(faults);
        }
        return new Config(given);
    }

    private List<Source> file(Flags flags, List<Fault> faults) {
        Optional<Path> named = flags.config();
        String variable = environment.getOrDefault(Environment.CONFIG, "");
        if (named.isEmpty() && !variable.isBlank()) {
            named = Optional.of(Path.of(variable.strip()));
        }
        Path file = named.map(folder::resolve).orElse(folder.resolve(FILE));
        if (named.isEmpty() && !Files.exists(file)) {
            return List.of();
        }
        return YamlFile.read(file, named.map(Path::toString).orElse(FILE), faults);
    }

    private void accept(List<Source> sources, Map<Setting<?>, Config.Given> given, List<Fault> faults) {
        for (Source source : sources) {
            Setting<?> setting = source.setting();
            try {
                Object value = setting.kind().parser().apply(source.text());
                checks.getOrDefault(setting, any -> {}).accept(value);
                given.put(setting, new Config.Given(value, source.where()));
            } catch (IllegalArgumentException e) {
                faulty.add(setting);
                boolean hidden = setting.secret() || setting.kind().between().equals(Kind.MAPPING); // arguments may hold secrets
                faults.add(new Fault(source.where(), hidden ? null : source.text(), complaint(setting, e)));
            }
        }
    }

    private static String complaint(Setting<?> setting, IllegalArgumentException e) {
        // Secrets get no detail, as it could hold a part of them; numbers get none, as Java's own text says nothing new.
        boolean detail = e.getMessage() != null && !setting.secret() && !(e instanceof NumberFormatException);
        String why = detail ? " (" + String.join("; ", e.getMessage().lines().toList()) + ")" : "";
        return "is not " + setting.kind().name() + why + "; allowed: " + setting.kind().allowed();
    }

    private static void readSecretFile(Map<Setting<?>, Config.Given> given, List<Fault> faults) {
        Config.Given file = given.get(Settings.DELIVER_SECRET_FILE);
        if (file == null) {
            return;
        }
        if (given.containsKey(Settings.DELIVER_SECRET)) {
            faults.add(new Fault(file.source(), null, "is given beside " + Settings.DELIVER_SECRET.variable()
                    + "; give one of the two"));
            return;
        }
        try {
            String secret = Files.readString((Path) file.value()).strip();
            String value = Settings.DELIVER_SECRET.kind().parser().apply(secret);
            given.put(Settings.DELIVER_SECRET, new Config.Given(value, file.source()));
        } catch (IOException e) {
            faults.add(new Fault(file.source(), file.value().toString(), "cannot be read; check its permissions"));
        } catch (IllegalArgumentException e) {
            String message = "holds no signing secret; allowed: " + Settings.DELIVER_SECRET.kind().allowed();
            faults.add(new Fault(file.source(), file.value().toString(), message));
        }
    }

    private static void checkTogether(Map<Setting<?>, Config.Given> given, List<Fault> faults) {
        Config config = new Config(given);
        boolean guarded = config.find(Settings.API_TOKEN_FILE).isPresent() || config.find(Settings.API_TOKENS).isPresent();
        if (!config.loopback() && !guarded && !config.get(Settings.INSECURE)) {
            String message = "other machines can connect to this address, so tokens are needed; give --api-token-file or "
                    + Settings.API_TOKENS.variable() + ", or --insecure to let everybody in";
            faults.add(new Fault(config.source(Settings.HOST), config.get(Settings.HOST), message));
        }
    }
}
