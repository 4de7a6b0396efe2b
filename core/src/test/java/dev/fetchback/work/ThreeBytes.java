package dev.fetchback.work;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** The smallest page that is one. */
final class ThreeBytes implements Body {
    @Override
    public long length() {
        return 3;
    }

    @Override
    public byte[] bytes() {
        return new byte[] {1, 2, 3};
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes());
    }

    @Override
    public void close() {}
}
