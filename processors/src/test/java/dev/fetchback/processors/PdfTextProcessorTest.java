package dev.fetchback.processors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.encryption.AccessPermission;
import org.apache.pdfbox.pdmodel.encryption.StandardProtectionPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PdfTextProcessorTest {
    private final PdfTextProcessor pdf = new PdfTextProcessor();

    @Test
    void isTheTextOfEachPage() throws Exception {
        byte[] two = new Pdfs().object("<</Type/Catalog/Pages 2 0 R>>").object("<</Type/Pages/Kids[3 0 R 6 0 R 7 0 R]/Count 3>>")
                .object("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>")
                .stream("", "BT /F1 12 Tf 72 700 Td (First page) Tj 0 -20 Td (second line) Tj ET".getBytes(StandardCharsets.US_ASCII))
                .object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
                .object("<</Type/Page/Parent 2 0 R>>")
                .object("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>")
                .object("<</Title(A  title)/Author(Ann Lee)>>").end("/Info 8 0 R");
        assertThat(run(two, 1_000)).isEqualTo(Map.of("title", "A title", "author", "Ann Lee", "page_count", 3,
                "pages", List.of("First page\nsecond line", "", "First page\nsecond line")));
        assertThat(run(two, 1)).isEqualTo(Map.of("title", "A title", "author", "Ann Lee", "page_count", 3,
                "pages", List.of("First page\nsecond line")));
    }

    @Test
    void isReadByItsBytesWhateverItsType() throws Exception {
        assertThat((Map<?, ?>) Pages.run(pdf, Map.of(), Pages.of("text/html", Pdfs.page("A page")))).isEqualTo(
                Map.of("page_count", 1, "pages", List.of("A page")));
        assertThatThrownBy(() -> Pages.run(pdf, Map.of(), Pages.html("<p>a"))).hasMessage("the page is HTML; pdf-text reads PDFs");
    }

    @Test
    void encryptedOnesAreReadWhenTheyOpenWithoutAPassword() throws Exception {
        assertThat(run(encrypted("", new AccessPermission()), 1).get("pages")).isEqualTo(List.of("A page"));
        assertThatThrownBy(() -> run(encrypted("secret", new AccessPermission()), 1))
                .hasMessage("the PDF is encrypted; pdf-text reads PDFs that open without a password");
        AccessPermission nothing = new AccessPermission();
        nothing.setCanExtractContent(false);
        assertThatThrownBy(() -> run(encrypted("", nothing), 1)).hasMessage("the PDF forbids to take its text out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 2/Length 128/Recipients[(x)]", "/Filter/Of.Nobody/V 1", "/V 99"})
    void otherEncryptionIsToldSo(String encryption) {
        byte[] file = new Pdfs().object("<</Type/Catalog/Pages 2 0 R>>").object("<</Type/Pages/Kids[]/Count 0>>")
                .object("<<" + encryption + ">>").end("/Encrypt 3 0 R/ID[(a)(b)]");
        assertThatThrownBy(() -> run(file, 1)).isInstanceOf(UnfitPage.class);
    }

    private static byte[] encrypted(String password, AccessPermission allowed) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PDDocument document = Loader.loadPDF(Pdfs.page("A page"))) {
            StandardProtectionPolicy policy = new StandardProtectionPolicy("owner", password, allowed);
            policy.setEncryptionKeyLength(128);
            document.protect(policy);
            document.save(out);
        }
        return out.toByteArray();
    }

    @Test
    void brokenOnesAreToldSoOrReadAsFarAsTheyGo() throws Exception {
        byte[] whole = Pdfs.page("A page");
        assertThatThrownBy(() -> run("%PDF-1.7\nnothing else".getBytes(StandardCharsets.US_ASCII), 1)).hasMessageStartingWith("the PDF is broken: ");
        for (int length = 8; length < whole.length; length += 7) {
            try {
                run(Arrays.copyOf(whole, length), 1);
            } catch (UnfitPage broken) {
                assertThat(broken).hasMessageStartingWith("the PDF is broken: ");
            }
        }
    }

    @Test
    void aPageTreeThatContainsItselfEnds() throws Exception {
        assertThat(run(Pdfs.pages("[2 0 R 3 0 R 2 0 R]", 1_000_000, "BT /F1 12 Tf (A page) Tj ET"), 1_000).get("pages"))
                .isIn(List.of("A page"), List.of("A page", "A page")); // it stands in the tree once, and the tree in itself
    }

    @Test
    void zipBombsAreRefusedBeforeTheyAreUnpacked() {
        byte[] bomb = Pdfs.bomb(PdfStreams.STREAM_MAX / (1 << 20) + 1, (byte) ' ');
        for (String kind : List.of("/Filter/FlateDecode", "/Type/ObjStm/N 1/First 4/Filter/FlateDecode", "/Filter[/FlateDecode]", "/Filter 9 0 R")) {
            byte[] file = new Pdfs().object("<</Type/Catalog/Pages 2 0 R>>").object("<</Type/Pages/Kids[3 0 R]/Count 1>>")
                    .object("<</Type/Page/Parent 2 0 R/Contents 4 0 R>>").stream(kind, bomb).end("");
            assertThatThrownBy(() -> run(file, 1)).as(kind).hasMessage(
                    "a stream of the PDF unpacks to more than 32 MiB, or all of them to more than 512 MiB");
        }
    }

    @Test
    void streamsInStreamsAreNotReadAgainAndAgain() {
        for (String word : List.of("stream\n", "/Filter/FlateDecode stream\n", "/Filter[ stream\n", "/Filter/A85 stream\n")) {
            byte[] file = ("%PDF-1.7\n" + word.repeat(4_000_000 / word.length())).getBytes(StandardCharsets.US_ASCII);
            assertTimeoutPreemptively(Duration.ofSeconds(20), () -> assertThatThrownBy(() -> run(file, 1)).isInstanceOf(UnfitPage.class), word);
        }
    }

    @Test
    void savedStatesAreBounded() {
        assertThatThrownBy(() -> run(Pdfs.pages("[3 0 R]", 1, "q ".repeat(10_002)), 1)).hasMessageContaining("10000 graphics states");
    }

    @Test
    void formsThatDrawFormsEnd() {
        Pdfs file = new Pdfs().object("<</Type/Catalog/Pages 2 0 R>>").object("<</Type/Pages/Kids[3 0 R]/Count 1>>")
                .object("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>")
                .stream("", "/X Do ".repeat(10).getBytes(StandardCharsets.US_ASCII));
        for (int i = 6; i < 20; i++) {
            file.stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X " + i + " 0 R>>>>",
                    "/X Do ".repeat(10).getBytes(StandardCharsets.US_ASCII));
        }
        byte[] laughs = file.stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", new byte[0]).end("");
        assertThatThrownBy(() -> run(laughs, 1)).hasMessageStartingWith("the PDF draws more than 5000000 things");
    }

    @Test
    void aPageOfTooManyGlyphsEnds() {
        String text = "BT /F1 1 Tf " + ("(" + "x".repeat(1_000) + ") Tj ").repeat(501) + "ET";
        assertThatThrownBy(() -> run(Pdfs.pages("[3 0 R]", 1, text), 1)).hasMessageContaining("500000 on one page");
    }

    @Test
    void objectsNestedWithoutEndAreToldSo() throws Exception {
        byte[] deep = new Pdfs().object("<</Type/Catalog/Pages 2 0 R/X " + "[".repeat(200_000) + "]".repeat(200_000) + ">>")
                .object("<</Type/Pages/Kids[3 0 R]/Count 1>>").object("<</Type/Page/Parent 2 0 R>>").end("");
        try {
            run(deep, 1);
        } catch (UnfitPage broken) {
            assertThat(broken).hasMessageStartingWith("the PDF is broken: ");
        }
    }

    private Map<?, ?> run(byte[] file, int pages) throws Exception {
        return (Map<?, ?>) Pages.run(pdf, Map.of("pages", pages), Pages.of("application/pdf", file));
    }
}
