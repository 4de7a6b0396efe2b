package dev.fetchback.store;

/** The model remembers pages as engines do. */
class MemoryStoreTest extends StoreSeenContract {
    private final MemoryStore disk = new MemoryStore();

    @Override
    protected Store open(Retention forgets) {
        return disk.takeOver().forgetting(forgets);
    }
}
