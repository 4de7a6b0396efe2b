package dev.fetchback;

import dev.fetchback.deliver.LinkSigner;
import dev.fetchback.store.Archive;
import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Moves a store to a file and back, with what signs its links, which is in the store or beside it. */
final class Transfer {
    /** The name of the secret that signs links, in a store that keeps such. */
    static final String LINK = "link";

    private final Builder from;

    Transfer(Builder from) {
        this.from = from;
    }

    Archive.Moved export(Path file, LongConsumer progress) {
        if (!from.stored()) {
            throw new StoreException(Kind.UNUSABLE, "There is no store in the data folder " + from.dataDir() + ". Name the folder of a server.", null);
        }
        try (Store store = from.engine().open()) {
            Optional<byte[]> inside = store.secret(LINK, LinkSigner.key(new SecureRandom()));
            Path beside = from.dataDir().resolve(LinkSigner.KEY_FILE);
            byte[] key = inside.isPresent() ? inside.get() : Files.exists(beside) ? Files.readAllBytes(beside) : null;
            return Archive.export(store, key, file, from.clock.getAsLong(), progress);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Archive.Moved restore(Path file, LongConsumer progress) {
        Archive.Source source = Archive.check(file); // before a store is made for it
        try (Store store = from.engine().open()) {
            return Archive.restore(store, source, key -> {
                if (store.secret(LINK, key).isEmpty()) {
                    LinkSigner.keep(from.dataDir(), key);
                }
            }, progress);
        }
    }

    /** Opens a store to work with, which holds all that was moved into it. */
    static Store whole(Builder.Engine engine) {
        Store store = engine.open();
        try {
            Archive.refuseUnfinished(store);
            return store;
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }
}
