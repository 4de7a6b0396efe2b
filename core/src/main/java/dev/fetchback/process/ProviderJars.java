package dev.fetchback.process;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Processors that {@link ServiceLoader} finds: on the class path, and in the jars of a folder, which share one class loader. */
final class ProviderJars implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ProviderJars.class.getName());

    private final ClassLoader classPath = ProviderJars.class.getClassLoader();
    private final List<Path> jars;
    private final @Nullable URLClassLoader plugins;

    private ProviderJars(List<Path> jars) {
        this.jars = jars;
        this.plugins = jars.isEmpty() ? null : new URLClassLoader("plugins", jars.stream()
                .map(ProviderJars::url).toArray(URL[]::new),
                classPath);
    }

    /** @throws IllegalArgumentException when the folder or one of its jars cannot be read */
    static ProviderJars open(@Nullable Path folder) {
        return new ProviderJars(folder == null ? List.of() : jars(folder));
    }

    private static List<Path> jars(Path folder) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
            files.forEach(found::add);
        } catch (IOException e) {
            throw new IllegalArgumentException("the plugin folder " + folder + " cannot be read; is it a folder, and readable?",
                    e);
        }
        found.sort(null);
        for (Path jar : found) {
            try (JarFile file = new JarFile(jar.toFile())) {
                file.size();
            } catch (IOException e) {
                throw new IllegalArgumentException("the plugin " + jar + " is no readable jar (" + Failures.tidy(e.getMessage())
                        + "); mend it or take it out of the folder", e);
            }
        }
        return found;
    }

    private static URL url(Path jar) {
        try {
            return jar.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException("the plugin " + jar + " has a name that cannot be used", e);
        }
    }

    /** Hands over each processor and where it came from. */
    void load(BiConsumer<Processor, String> to) {
        Set<Class<?>> seen = new HashSet<>(); // the plugins' loader finds those of the class path again
        load(classPath, "the class path", seen, to);
        URLClassLoader loader = plugins;
        if (loader != null) {
            load(loader, "the plugins", seen, to);
        }
    }

    private void load(ClassLoader loader, String where, Set<Class<?>> seen, BiConsumer<Processor, String> to) {
        try (Stream<ServiceLoader.Provider<Processor>> providers = ServiceLoader.load(Processor.class, loader).stream()) {
            providers.filter(provider -> seen.add(provider.type()))
                    .forEach(provider -> to.accept(provider.get(), origin(provider.type())));
        } catch (IllegalArgumentException e) {
            throw e; // it says all
        } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
            throw new IllegalArgumentException("a processor of " + where + " cannot be loaded: " + Failures.tidy(e.getMessage())
                    + (loader == plugins ? "; the jars are " + jars : ""), e);
        }
    }

    private String origin(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        boolean plugin = type.getClassLoader() == plugins;
        return type.getName() + (plugin && source != null ? " of " + source.getLocation().getPath() : " of the class path");
    }

    @Override
    public void close() {
        URLClassLoader loader = plugins;
        if (loader != null) {
            try {
                loader.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "plugins could not be closed", e);
            }
        }
    }
}
