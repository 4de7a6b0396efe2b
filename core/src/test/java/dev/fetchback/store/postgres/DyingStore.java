package dev.fetchback.store.postgres;

import dev.fetchback.store.Store;
import dev.fetchback.store.StoreException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** A store whose process is killed after some commits, as far as anybody can tell. */
final class DyingStore {
    private DyingStore() {}

    static Store after(Store store, int commits) {
        AtomicInteger left = new AtomicInteger(commits);
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("commit") && left.getAndDecrement() <= 0) {
                throw new StoreException(StoreException.Kind.UNAVAILABLE, "it was killed", null);
            }
            try {
                return method.invoke(store, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }
}
