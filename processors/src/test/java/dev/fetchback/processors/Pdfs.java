package dev.fetchback.processors;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** PDFs made by hand, so that they can be wrong in any way. */
final class Pdfs {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<Integer> offsets = new ArrayList<>();

    Pdfs() {
        write("%PDF-1.7\n");
    }

    /** One page with a text. */
    static byte[] page(String text) {
        return pages("[3 0 R]", 1, "BT /F1 12 Tf 72 700 Td (" + text + ") Tj ET");
    }

    /** Object 1 is the catalogue, 2 the page tree, 3 a page, 4 its content, 5 its font. */
    static byte[] pages(String kids, int count, String content) {
        return new Pdfs().object("<</Type/Catalog/Pages 2 0 R>>").object("<</Type/Pages/Kids " + kids + "/Count " + count + ">>")
                .object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>")
                .stream("", content.getBytes(StandardCharsets.ISO_8859_1)).object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>").end("");
    }

    Pdfs object(String body) {
        offsets.add(out.size());
        write(offsets.size() + " 0 obj\n" + body + "\nendobj\n");
        return this;
    }

    Pdfs stream(String more, byte[] bytes) {
        offsets.add(out.size());
        write(offsets.size() + " 0 obj\n<<" + more + "/Length " + bytes.length + ">>\nstream\n");
        out.writeBytes(bytes);
        write("\nendstream\nendobj\n");
        return this;
    }

    byte[] end(String trailer) {
        int at = out.size();
        write("xref\n0 " + (offsets.size() + 1) + "\n0000000000 65535 f \n");
        offsets.forEach(offset -> write("%010d 00000 n \n".formatted(offset)));
        write("trailer\n<</Size " + (offsets.size() + 1) + "/Root 1 0 R" + trailer + ">>\nstartxref\n" + at + "\n%%EOF\n");
        return out.toByteArray();
    }

    /** Zeros that unpack to so many MiB. */
    static byte[] bomb(int mebibytes, byte filling) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        byte[] block = new byte[1 << 20];
        java.util.Arrays.fill(block, filling);
        try (DeflaterOutputStream deflate = new DeflaterOutputStream(packed, new Deflater(1))) {
            for (int i = 0; i < mebibytes; i++) {
                deflate.write(block);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private void write(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
