package dev.temper.collective;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Proof of knowing the secret: HMAC-SHA256 over the role, the purpose of the connection, and a nonce of each side. The
 * role prevents reflecting a proof to its sender; the nonces prevent replaying it.
 */
final class Proof {
    static final int BYTES = 32;
    private static final int MIN_SECRET_BYTES = 16;
    private static final String ALGORITHM = "HmacSHA256";

    /** The side of a connection. */
    enum Role {
        CONNECTS,
        ACCEPTS
    }

    private final SecretKeySpec key;
    private final String purpose;
    private final SecureRandom random = new SecureRandom();

    /** @param purpose of the connection, the same on both sides; proofs of different purposes differ */
    Proof(byte[] secret, String purpose) {
        if (secret.length < MIN_SECRET_BYTES) {
            throw new IllegalArgumentException("the secret must have at least " + MIN_SECRET_BYTES + " bytes");
        }
        this.key = new SecretKeySpec(secret, ALGORITHM);
        this.purpose = purpose;
    }

    byte[] nonce() {
        byte[] nonce = new byte[BYTES];
        random.nextBytes(nonce);
        return nonce;
    }

    /** The proof of this role, from the nonces of the accepting and of the connecting side. */
    byte[] of(Role role, byte[] accepting, byte[] connecting) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(("temper 2 " + role + " " + purpose + "\n").getBytes(StandardCharsets.UTF_8));
            mac.update(accepting);
            mac.update(connecting);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JVM has HmacSHA256
        }
    }

    /** Compares in constant time. */
    static boolean same(byte[] proof, byte[] expected) {
        return MessageDigest.isEqual(proof, expected);
    }
}
