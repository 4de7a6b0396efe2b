package dev.fetchback.server.intake;

import org.jspecify.annotations.Nullable;

/** Says whether a URL may be used at all, without resolving its host; the same check that the outgoing side makes. */
@FunctionalInterface
public interface UrlCheck {
    /**
     * Looks at {@code url}.
     *
     * @return null when it can be used, else why not, as the end of a sentence that begins with the URL ("has no host")
     */
    @Nullable String refuse(String url);
}
