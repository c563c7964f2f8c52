package dev.temper.spark;

import java.net.URI;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The disk under the scheme {@code disk:}: remote for everything of ours, without a server. */
public final class DiskFileSystem extends RawLocalFileSystem {
    @Override
    public URI getUri() {
        return URI.create("disk:///");
    }

    @Override
    public String getScheme() {
        return "disk";
    }
}
