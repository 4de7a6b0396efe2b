package dev.fetchback.store;

import java.util.AbstractList;
import java.util.List;

/** The changes of several entries as one list, in one array. */
final class Joined extends AbstractList<Change> {
    private final Change[] changes;

    Joined(List<Handover.Entry> entries, int size) {
        changes = new Change[size];
        int at = 0;
        for (Handover.Entry entry : entries) {
            for (int i = 0; i < entry.changes.size(); i++) {
                changes[at++] = entry.changes.get(i);
            }
        }
    }

    @Override
    public Change get(int index) {
        return changes[index];
    }

    @Override
    public int size() {
        return changes.length;
    }
}
