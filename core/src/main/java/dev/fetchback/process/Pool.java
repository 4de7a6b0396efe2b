package dev.fetchback.process;

/** A place where chains run, so many at once. */
interface Pool extends AutoCloseable {
    /**
     * Runs a chain, or says that it cannot for now; never throws for what a processor does.
     *
     * @throws InterruptedException when the caller is to stop; what ran is ended
     */
    Ran run(Chain chain) throws InterruptedException;

    /** How many may run or wait for their turn at once, of pages from the store and of those straight from a fetch each. */
    int capacity();

    /** Ends whatever runs, within a bound. */
    @Override
    void close();
}
