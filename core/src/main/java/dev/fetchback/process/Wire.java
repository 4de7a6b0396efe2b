package dev.fetchback.process;

import dev.fetchback.process.FrameChannel.Payload;
import dev.fetchback.task.Header;
import dev.fetchback.task.ProcessorUse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A chain in a frame: numbers and texts, never objects. */
final class Wire {
    /** No bytes. */
    static final byte[] NOTHING = {};

    private static final int HEADERS_MAX = 10_000;

    private Wire() {}

    /** All of a chain but the page's bytes, which follow. */
    static byte[] head(Chain chain) {
        FetchedPage.Facts facts = chain.facts();
        return Payload.of(out -> {
            out.text(facts.taskId()).text(facts.url()).text(facts.finalUrl()).number(facts.status()).text(facts.contentType());
            out.number(facts.headers().size());
            for (Header header : facts.headers()) {
                out.text(header.name()).text(header.value());
            }
            out.number(chain.links().size());
            for (Chain.Link link : chain.links()) {
                out.text(link.processor()).text(link.options()).number(link.goesOn() ? 1 : 0).number(link.timeout().toNanos());
            }
            out.number(chain.resultMax());
        });
    }

    /** Takes a whole chain from the frame that {@code in} is at. */
    static Chain chain(FrameChannel in) throws IOException {
        String taskId = text(in);
        String url = text(in);
        String finalUrl = text(in);
        int status = (int) in.takeNumber();
        String contentType = in.takeText();
        List<Header> headers = new ArrayList<>();
        for (int left = count(in, HEADERS_MAX); left > 0; left--) {
            headers.add(new Header(text(in), text(in)));
        }
        List<Chain.Link> links = new ArrayList<>();
        for (int left = count(in, ProcessorUse.MAX); left > 0; left--) {
            links.add(new Chain.Link(text(in), text(in), in.takeNumber() != 0, Duration.ofNanos(in.takeNumber())));
        }
        int resultMax = (int) in.takeNumber();
        byte[] page = in.take(in.left());
        return new Chain(new FetchedPage.Facts(taskId, url, finalUrl, status, contentType, headers), page, links, resultMax);
    }

    private static int count(FrameChannel in, int max) throws IOException {
        long count = in.takeNumber();
        if (count < 0 || count > max) {
            throw new IOException("a count of " + count + " where at most " + max + " are allowed");
        }
        return (int) count;
    }

    private static String text(FrameChannel in) throws IOException {
        String text = in.takeText();
        if (text == null) {
            throw new IOException("a text is missing");
        }
        return text;
    }
}
