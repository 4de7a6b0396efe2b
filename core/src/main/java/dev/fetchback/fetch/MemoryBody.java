package dev.fetchback.fetch;

import dev.fetchback.work.Body;
import dev.fetchback.work.ByteBudget;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A body in memory, accounted in the budget until it is closed. */
final class MemoryBody implements Body {
    private final int length;
    private final ByteBudget budget;
    private final AtomicLong reserved;
    private List<byte[]> chunks;

    MemoryBody(List<byte[]> chunks, int length, long reserved, ByteBudget budget) {
        this.chunks = chunks;
        this.length = length;
        this.reserved = new AtomicLong(reserved);
        this.budget = budget;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public synchronized byte[] bytes() {
        if (chunks.size() != 1 || chunks.getFirst().length != length) {
            byte[] whole = new byte[length];
            int at = 0;
            for (byte[] chunk : chunks) {
                int part = Math.min(chunk.length, length - at);
                System.arraycopy(chunk, 0, whole, at, part);
                at += part;
            }
            chunks = List.of(whole);
        }
        return chunks.getFirst();
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes());
    }

    @Override
    public void close() {
        budget.giveBack(reserved.getAndSet(0));
    }
}
