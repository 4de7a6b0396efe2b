package dev.fetchback.examples;

import dev.fetchback.process.BadOption;
import dev.fetchback.process.Processor;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds the price that a page states in microdata: {@code <meta itemprop="price" content="19.90">}. */
final class PriceProcessor implements Processor {
    private static final Pattern PRICE = Pattern.compile("itemprop=\"price\" content=\"(\\d{1,9}(?:\\.\\d{1,2})?)\"");

    @Override
    public String name() {
        return "price";
    }

    @Override
    public Job prepare(Map<String, @Nullable Object> options) throws BadOption {
        if (!options.isEmpty()) {
            throw new BadOption("/" + options.keySet().iterator().next(), "price has no options");
        }
        return page -> {
            Matcher price = PRICE.matcher(new String(page.bytes(), StandardCharsets.UTF_8));
            if (!price.find()) {
                throw new IllegalArgumentException("the page states no price");
            }
            return price.group(1);
        };
    }
}
