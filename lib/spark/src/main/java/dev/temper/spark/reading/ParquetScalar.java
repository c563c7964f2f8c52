package dev.temper.spark.reading;

import static dev.temper.check.Check.check;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.EnumLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/** Decodes the stored numbers and bytes of a Parquet column by its logical type. */
record ParquetScalar(PrimitiveType type) {
    // the time to convert decimals grows with the square of their length
    private static final int MAX_DECIMAL_BYTES = 64;
    private static final int MAX_SCALE = 1000;
    private static final long JULIAN_EPOCH = 2_440_588; // the Julian day of 1970-01-01

    boolean isText() {
        LogicalTypeAnnotation meaning = meaning();
        return meaning instanceof StringLogicalTypeAnnotation
                || meaning instanceof EnumLogicalTypeAnnotation
                || meaning instanceof JsonLogicalTypeAnnotation;
    }

    boolean isBoolean() {
        return stored() == PrimitiveTypeName.BOOLEAN;
    }

    boolean isNumber() {
        boolean isPlain = meaning() == null || meaning() instanceof IntLogicalTypeAnnotation;
        return meaning() instanceof DecimalLogicalTypeAnnotation
                || switch (stored()) {
                    case INT32, INT64, FLOAT, DOUBLE -> isPlain;
                    default -> false;
                };
    }

    /** The type's name in messages. */
    String name() {
        return meaning() == null
                ? stored().name().toLowerCase(Locale.ROOT)
                : meaning().toString();
    }

    /** The bytes of a binary as a decimal number. */
    BigDecimal decimal(Binary value) {
        check(
                value.length() <= MAX_DECIMAL_BYTES && scale() <= MAX_SCALE,
                "data: the column %s has a number of %d bytes with %d decimals, which is not read",
                type.getName(),
                value.length(),
                scale());
        return new BigDecimal(new BigInteger(value.getBytes()), scale());
    }

    /** A stored integer as a decimal number. */
    BigDecimal decimal(long value) {
        boolean isUnsigned = meaning() instanceof IntLogicalTypeAnnotation integer && !integer.isSigned();
        if (!isUnsigned) {
            return BigDecimal.valueOf(value, scale());
        }
        return stored() == PrimitiveTypeName.INT32
                ? BigDecimal.valueOf(Integer.toUnsignedLong((int) value))
                : new BigDecimal(Long.toUnsignedString(value));
    }

    /** A stored integer that is a date or a time, in ISO 8601. */
    Optional<String> time(long value) {
        if (meaning() instanceof DateLogicalTypeAnnotation) {
            return Optional.of(LocalDate.ofEpochDay(value).toString());
        }
        if (meaning() instanceof TimeLogicalTypeAnnotation time) {
            return Optional.of(
                    LocalTime.MIDNIGHT.plus(value, unit(time.getUnit())).toString());
        }
        if (meaning() instanceof TimestampLogicalTypeAnnotation time) {
            Instant instant = Instant.EPOCH.plus(value, unit(time.getUnit()));
            return Optional.of(
                    time.isAdjustedToUTC()
                            ? instant.toString()
                            : LocalDateTime.ofInstant(instant, ZoneOffset.UTC).toString());
        }
        return Optional.empty();
    }

    /** The bytes of a binary as text for JSON; empty if their meaning is unknown. */
    Optional<String> text(Binary value) {
        if (isText()) {
            return Optional.of(value.toStringUsingUTF8());
        }
        if (meaning() instanceof UUIDLogicalTypeAnnotation) {
            ByteBuffer bytes = value.toByteBuffer();
            return Optional.of(new UUID(bytes.getLong(), bytes.getLong()).toString());
        }
        if (stored() == PrimitiveTypeName.INT96) {
            ByteBuffer bytes = ByteBuffer.wrap(value.getBytes()).order(ByteOrder.LITTLE_ENDIAN);
            long nanos = bytes.getLong();
            long days = bytes.getInt() - JULIAN_EPOCH;
            return Optional.of(
                    Instant.EPOCH.plus(days, ChronoUnit.DAYS).plusNanos(nanos).toString());
        }
        return stored() == PrimitiveTypeName.BINARY && meaning() == null
                ? Optional.of(Base64.getEncoder().encodeToString(value.getBytes()))
                : Optional.empty();
    }

    /** Whether the bytes are valid UTF-8: Java decodes invalid bytes to U+FFFD. */
    static boolean isUtf8(Binary value, String text) {
        if (text.indexOf('\uFFFD') < 0) {
            return true;
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(value.toByteBuffer());
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private int scale() {
        return meaning() instanceof DecimalLogicalTypeAnnotation decimal ? decimal.getScale() : 0;
    }

    private LogicalTypeAnnotation meaning() {
        return type.getLogicalTypeAnnotation();
    }

    private PrimitiveTypeName stored() {
        return type.getPrimitiveTypeName();
    }

    private static ChronoUnit unit(TimeUnit unit) {
        return switch (unit) {
            case MILLIS -> ChronoUnit.MILLIS;
            case MICROS -> ChronoUnit.MICROS;
            case NANOS -> ChronoUnit.NANOS;
        };
    }
}
