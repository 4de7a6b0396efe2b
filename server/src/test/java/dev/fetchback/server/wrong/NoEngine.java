package dev.fetchback.server.wrong;

import dev.fetchback.server.Server;
import dev.fetchback.server.config.ConfigReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A test of the whole server that does not say what keeps its tasks; not run, as it is abstract. */
abstract class NoEngine {
    @Test
    void works() throws Exception {
        Server.start(new ConfigReader(Map.of(), Path.of(".")).read(List.of())).close();
    }
}
