package dev.temper.storage;

import java.io.IOException;
import java.io.OutputStream;

/** A store that refuses to create or delete files once the claim of a lease has disappeared. */
final class GuardedStore extends FilterStore {
    private final String claim;

    GuardedStore(Store store, String claim) {
        super(store);
        this.claim = claim;
    }

    @Override
    public OutputStream write(String location) throws IOException {
        checkClaim();
        return super.write(location);
    }

    @Override
    public void delete(String location) throws IOException {
        checkClaim();
        super.delete(location);
    }

    @Override
    public void deleteEmpty(String folder) throws IOException {
        checkClaim();
        super.deleteEmpty(folder);
    }

    private void checkClaim() throws IOException {
        Lease.checkThere(this, claim);
    }
}
