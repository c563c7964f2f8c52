package dev.temper.collective;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Shows that a worker knows the secret: HMAC-SHA256 over its role, the two ranks and a nonce of each side. The role
 * keeps a proof from being sent back as the answer to itself.
 */
final class Proof {
    static final int BYTES = 32;
    private static final int MIN_SECRET_BYTES = 16;
    private static final String ALGORITHM = "HmacSHA256";

    /** Which side of a connection speaks. */
    enum Role {
        CONNECTS,
        ACCEPTS
    }

    private final SecretKeySpec key;
    private final SecureRandom random = new SecureRandom();

    Proof(byte[] secret) {
        if (secret.length < MIN_SECRET_BYTES) {
            throw new IllegalArgumentException("the secret must have at least " + MIN_SECRET_BYTES + " bytes");
        }
        this.key = new SecretKeySpec(secret, ALGORITHM);
    }

    byte[] nonce() {
        byte[] nonce = new byte[BYTES];
        random.nextBytes(nonce);
        return nonce;
    }

    byte[] of(Role role, Link link, byte[] accepting, byte[] connecting) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(("temper ring 1 " + role + " ").getBytes(StandardCharsets.US_ASCII));
            mac.update(ByteBuffer.allocate(3 * Integer.BYTES)
                    .putInt(link.connecting())
                    .putInt(link.accepting())
                    .putInt(link.size())
                    .flip());
            mac.update(accepting);
            mac.update(connecting);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JVM has HmacSHA256
        }
    }

    /** In constant time. */
    static boolean same(byte[] proof, byte[] expected) {
        return MessageDigest.isEqual(proof, expected);
    }

    /** A connection of the ring, by the ranks of its ends. */
    record Link(int connecting, int accepting, int size) {}
}
