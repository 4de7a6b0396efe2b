package dev.fetchback.store;

import dev.fetchback.store.StoreException.Kind;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * A file of frames, gzip (RFC 1952) over all: first what kind of file it is, then frames of a letter, a length and so many bytes, at the end
 * a frame {@code E} with the SHA-256 of everything before its bytes, so that a file that was cut or changed is noticed before anything is used.
 */
final class ArchiveFile {
    /** Kind of the file, and version of its frames. */
    private static final long MAGIC = 0x4674_426b_4172_0001L;

    private static final byte END = 'E';
    private static final int FRAME_MAX = 64 << 20; // far more than a task; bounds what a damaged file has us take
    private static final int BUFFER = 1 << 16;

    private ArchiveFile() {}

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Writes a new file; it is there, whole and on disk, once it is ended. */
    static final class Writer implements AutoCloseable {
        private static final String DRAFT = ".part";

        private final Path file;
        private final Path draft;
        private final MessageDigest digest = sha256();
        private final FileChannel channel;
        private final GZIPOutputStream zip;
        private final DataOutputStream out;

        /** @throws StoreException when there is such a file already */
        Writer(Path file) throws IOException {
            this.file = file;
            this.draft = file.resolveSibling(file.getFileName() + DRAFT);
            refuseIfThere();
            Files.deleteIfExists(draft); // of one that was killed
            channel = FileChannel.open(draft, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FolderLock.ownerOnly(file));
            zip = new GZIPOutputStream(Channels.newOutputStream(channel), BUFFER);
            out = new DataOutputStream(new BufferedOutputStream(new DigestOutputStream(zip, digest), BUFFER));
            out.writeLong(MAGIC);
        }

        private void refuseIfThere() {
            if (Files.exists(file)) {
                throw new StoreException(Kind.UNUSABLE, "There is a file " + file + " already. Name another, or remove it.", null);
            }
        }

        void frame(char kind, byte[] bytes, int length) throws IOException {
            out.writeByte(kind);
            out.writeInt(length);
            out.write(bytes, 0, length);
        }

        void end() throws IOException {
            out.writeByte(END);
            out.writeInt(digest.getDigestLength());
            out.flush();
            zip.write(digest.digest());
            zip.finish();
            channel.force(true);
            refuseIfThere();
            Files.move(draft, file);
        }

        @Override
        public void close() throws IOException {
            channel.close();
            Files.deleteIfExists(draft);
        }
    }

    /** Reads the frames of a file in their order. */
    static final class Reader implements AutoCloseable {
        private final Path file;
        private final MessageDigest digest = sha256();
        private final DataInputStream in;

        /** What was read; {@code bytes} of the end is the sum. */
        record Frame(char kind, byte[] bytes) {
            boolean end() {
                return kind == END;
            }
        }

        Reader(Path file) throws IOException {
            this.file = file;
            try {
                this.in = new DataInputStream(new DigestInputStream(
                        new BufferedInputStream(new GZIPInputStream(Files.newInputStream(file), BUFFER), BUFFER), digest));
                if (in.readLong() != MAGIC) {
                    throw damaged("it is none that export wrote, or one of another version");
                }
            } catch (ZipException | EOFException e) {
                throw damaged("it is none that export wrote");
            }
        }

        /** The next one; the last one is the end, whose sum was compared. */
        Frame next() throws IOException {
            try {
                char kind = (char) in.readUnsignedByte();
                int length = in.readInt();
                if (length < 0 || length > FRAME_MAX) {
                    throw damaged("a part of it has " + length + " bytes");
                }
                byte[] sum = kind == END ? digest.digest() : new byte[0];
                Frame frame = new Frame(kind, in.readNBytes(length));
                if (frame.bytes.length < length) {
                    throw damaged("it ends too soon");
                }
                if (frame.end() && !Arrays.equals(frame.bytes, sum)) {
                    throw damaged("its checksum is wrong");
                }
                if (frame.end() && in.read() >= 0) { // which is where gzip looks at its own
                    throw damaged("something follows its end");
                }
                return frame;
            } catch (EOFException | ZipException e) {
                throw damaged("it ends too soon, or was changed");
            }
        }

        private StoreException damaged(String how) {
            return new StoreException(Kind.CORRUPT, "The file " + file + " cannot be imported: " + how
                    + ". Nothing was changed. Export again, and copy the whole file.", null);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    /**
     * Reads all of a file; a number that stands for what is in it, never 0.
     *
     * @throws StoreException when there is none, or it is not whole
     */
    static long check(Path file) {
        try (Reader reader = new Reader(file)) {
            Reader.Frame frame = reader.next();
            while (!frame.end()) {
                frame = reader.next();
            }
            return ByteBuffer.wrap(frame.bytes()).getLong() | 1;
        } catch (NoSuchFileException e) {
            throw new StoreException(Kind.UNUSABLE, "There is no file " + file + ". Name the one that export wrote.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("The file " + file + " cannot be read: " + e.getMessage(), e));
        }
    }
}
