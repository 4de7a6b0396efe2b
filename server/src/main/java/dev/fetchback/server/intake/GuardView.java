package dev.fetchback.server.intake;

import dev.fetchback.outbound.Vetting;
import dev.fetchback.task.Stage;

/** Asks the guard of outgoing connections about a URL. */
@FunctionalInterface
public interface GuardView {
    /**
     * What the guard says just now; blocks while a name is looked up.
     *
     * @param url one that {@link UrlCheck} takes
     */
    Vetting check(String url, Stage stage) throws InterruptedException;
}
