package dev.fetchback.server.intake;

import dev.fetchback.store.NodeRecord;
import java.io.IOException;
import java.util.List;

/** The nodes that share the store. Every method blocks. */
final class NodeRoutes {
    private static final int NODE_BYTES = 256;

    private final Kit kit;

    NodeRoutes(Kit kit) {
        this.kit = kit;
    }

    /** {@code GET /v1/nodes}. */
    void list(Call call) throws IOException {
        Guard.admin(call);
        new QueryParams(call.request().getHttpURI().getQuery(), List.of());
        List<NodeRecord> nodes = kit.tasks().nodes();
        JsonBytes json = new JsonBytes(NODE_BYTES * Math.max(1, nodes.size())).object().name("nodes").array();
        for (NodeRecord node : nodes) {
            json.object().field("name", node.name()).field("self", node.self()).name("since").time(node.since())
                    .field("program", node.program()).field("shards", node.shards()).field("lease_ms", node.leaseMillis()).endObject();
        }
        SlowWrite.whole(call, 200, Call.JSON, json.endArray().endObject().buffer(), kit);
    }
}
