package dev.fetchback.processors;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jsoup.nodes.Element;

/**
 * A table that GFM can show: rows of cells, each one line.
 *
 * @param rows the cells of each
 * @param columns the most cells of a row
 * @param headed whether the first row is the header
 */
record MarkdownTable(List<List<Element>> rows, int columns, boolean headed) {
    private static final int COLUMNS_MAX = 100;
    private static final int CELLS_MAX = 200_000;
    private static final Set<String> NO_CELL = Set.of("table", "ul", "ol", "dl", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6",
            "hr", "form", "section", "article", "main");

    /** The table; null when it lays a page out, or holds what does not fit into cells. */
    static @Nullable MarkdownTable of(Element table) {
        String role = table.attr("role");
        if (role.equals("presentation") || role.equals("none")) {
            return null;
        }
        List<List<Element>> rows = new ArrayList<>();
        int columns = 0;
        int cells = 0;
        for (Element row : rows(table)) {
            List<Element> cellsOfRow = row.children().stream()
                    .filter(cell -> cell.normalName().equals("td") || cell.normalName().equals("th")).toList();
            if (!cellsOfRow.isEmpty()) {
                rows.add(cellsOfRow);
                columns = Math.max(columns, cellsOfRow.stream().mapToInt(MarkdownTable::span).sum());
                cells += cellsOfRow.size();
            }
        }
        if (rows.size() < 2 && !(rows.size() == 1 && isHeader(rows.getFirst())) || columns < 2 || columns > COLUMNS_MAX || cells > CELLS_MAX
                || rows.stream().flatMap(List::stream).anyMatch(MarkdownTable::isNoCell)) {
            return null;
        }
        return new MarkdownTable(rows, columns, isHeader(rows.getFirst()));
    }

    private static List<Element> rows(Element table) {
        List<Element> rows = new ArrayList<>();
        for (Element child : table.children()) {
            switch (child.normalName()) {
                case "tr" -> rows.add(child);
                case "thead", "tbody", "tfoot" -> child.children().stream().filter(row -> row.normalName().equals("tr")).forEach(rows::add);
                default -> { }
            }
        }
        return rows;
    }

    private static boolean isNoCell(Element cell) {
        return cell.stream().anyMatch(inner -> inner != cell && NO_CELL.contains(inner.normalName()));
    }

    private static boolean isHeader(List<Element> row) {
        Element section = row.getFirst().parent() == null ? null : row.getFirst().parent().parent();
        return section != null && section.normalName().equals("thead")
                || row.stream().allMatch(cell -> cell.normalName().equals("th"));
    }

    private static int span(Element cell) {
        try {
            return Math.clamp(Integer.parseInt(cell.attr("colspan").strip()), 1, COLUMNS_MAX);
        } catch (NumberFormatException none) {
            return 1;
        }
    }

    /** Writes it; a table without a header gets an empty one, as GFM knows no other. */
    void write(MarkdownLines out, Consumer<Element> cells) {
        if (!headed) {
            out.sign("|" + "  |".repeat(columns));
            rule(out);
        }
        for (int i = 0; i < rows.size(); i++) {
            out.gap(1);
            row(rows.get(i), out, cells);
            if (i == 0 && headed) {
                rule(out);
            }
        }
    }

    private void rule(MarkdownLines out) {
        out.gap(1);
        out.sign("|" + " --- |".repeat(columns));
    }

    private void row(List<Element> row, MarkdownLines out, Consumer<Element> cells) {
        out.sign("|");
        int written = 0;
        for (Element cell : row) {
            int span = Math.min(span(cell), columns - written);
            out.beginLine();
            out.space();
            cells.accept(cell);
            out.endLine();
            out.sign(" |" + " |".repeat(Math.max(0, span - 1)));
            written += span;
        }
        if (written < columns) {
            out.sign(" |".repeat(columns - written));
        }
    }
}
