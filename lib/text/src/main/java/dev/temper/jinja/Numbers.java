package dev.temper.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** Arithmetic of {@code int}, without overflow, and {@code float}. Operands are numbers or booleans. */
final class Numbers {
    private static final int MAX_BITS = 1 << 16;
    private static final BigInteger MIN_LONG = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MAX_LONG = BigInteger.valueOf(Long.MAX_VALUE);

    private Numbers() {}

    static boolean isNumber(Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    /** Long where it fits. */
    static Object normal(BigInteger value) {
        return value.compareTo(MIN_LONG) >= 0 && value.compareTo(MAX_LONG) <= 0 ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object value) {
        if (value instanceof BigInteger big) {
            return big;
        }
        return BigInteger.valueOf(value instanceof Boolean truth ? (truth ? 1 : 0) : (Long) value);
    }

    /** As {@code float(value)} of a number. */
    static double real(Object value) {
        if (value instanceof Boolean truth) {
            return truth ? 1 : 0;
        }
        double real = ((Number) value).doubleValue();
        if (Double.isInfinite(real) && value instanceof BigInteger) {
            throw TemplateException.type("int too large to convert to float");
        }
        return real;
    }

    static Object add(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long sum = x + y;
            return ((x ^ sum) & (y ^ sum)) < 0 ? (Object) big(x).add(big(y)) : sum;
        }
        return isInteger(a) && isInteger(b) ? bounded(big(a).add(big(b))) : (Object) (real(a) + real(b));
    }

    static Object subtract(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long difference = x - y;
            return ((x ^ y) & (x ^ difference)) < 0 ? (Object) big(x).subtract(big(y)) : difference;
        }
        return isInteger(a) && isInteger(b) ? bounded(big(a).subtract(big(b))) : (Object) (real(a) - real(b));
    }

    static Object multiply(Object a, Object b) {
        if (isInteger(a) && isInteger(b)) {
            BigInteger x = big(a);
            BigInteger y = big(b);
            check(x.bitLength() + y.bitLength());
            return normal(x.multiply(y));
        }
        return real(a) * real(b);
    }

    static double divide(Object a, Object b) {
        refuseZero(b, "division by zero");
        if (a instanceof BigInteger || b instanceof BigInteger) {
            if (isInteger(a) && isInteger(b)) {
                return quotient(big(a), big(b));
            }
        }
        return real(a) / real(b);
    }

    private static double quotient(BigInteger a, BigInteger b) {
        double result = new BigDecimal(a)
                .divide(new BigDecimal(b), new java.math.MathContext(40))
                .doubleValue();
        if (Double.isInfinite(result)) {
            throw TemplateException.type("integer division result too large for a float");
        }
        return result;
    }

    static Object floorDivide(Object a, Object b) {
        if (isInteger(a) && isInteger(b)) {
            refuseZero(b, "integer division or modulo by zero");
            if (a instanceof Long x && b instanceof Long y && y != -1) {
                return Math.floorDiv(x, y);
            }
            BigInteger[] parts = big(a).divideAndRemainder(big(b));
            boolean isBelow = parts[1].signum() != 0 && parts[1].signum() != big(b).signum();
            return normal(isBelow ? parts[0].subtract(BigInteger.ONE) : parts[0]);
        }
        refuseZero(b, "float floor division by zero");
        double x = real(a);
        double y = real(b);
        double exact = (x - modulo(x, y)) / y;
        double floor = Math.floor(exact);
        if (exact == 0) {
            return Math.copySign(0, x / y);
        }
        return exact - floor > 0.5 ? floor + 1 : floor;
    }

    static Object modulo(Object a, Object b) {
        if (isInteger(a) && isInteger(b)) {
            refuseZero(b, "integer modulo by zero");
            if (a instanceof Long x && b instanceof Long y) {
                return Math.floorMod(x, y);
            }
            BigInteger rest = big(a).remainder(big(b));
            return normal(rest.signum() != 0 && rest.signum() != big(b).signum() ? rest.add(big(b)) : rest);
        }
        refuseZero(b, "float modulo");
        return modulo(real(a), real(b));
    }

    private static double modulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0, y);
        }
        return rest < 0 != y < 0 ? rest + y : rest;
    }

    private static void refuseZero(Object divisor, String message) {
        if (real0(divisor) == 0) {
            throw TemplateException.type(message);
        }
    }

    private static double real0(Object value) {
        return value instanceof BigInteger ? 1 : real(value);
    }

    static Object power(Object a, Object b) {
        if (isInteger(a) && isInteger(b) && big(b).signum() >= 0) {
            BigInteger base = big(a);
            BigInteger exponent = big(b);
            if (base.abs().compareTo(BigInteger.ONE) <= 0) {
                boolean isOne =
                        exponent.signum() == 0 || base.signum() > 0 || (base.signum() < 0 && !exponent.testBit(0));
                return isOne ? 1L : base.longValue();
            }
            check((base.abs().bitLength() - 1.0) * exponent.doubleValue());
            return normal(base.pow(exponent.intValue()));
        }
        double x = real(a);
        double y = real(b);
        if (x == 0 && y < 0) {
            throw TemplateException.type("0.0 cannot be raised to a negative power");
        }
        if (x == 1 || y == 0) {
            return 1.0;
        }
        if (x < 0 && y != Math.rint(y) && !Double.isInfinite(x)) {
            throw TemplateException.type("a negative number to a fractional power is complex, which is not supported");
        }
        double result = Math.abs(x) == 1 && Double.isInfinite(y) ? 1.0 : Math.pow(x, y);
        if (Double.isInfinite(result) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw TemplateException.type("numerical result out of range");
        }
        return result;
    }

    static Object negate(Object a) {
        if (isInteger(a)) {
            return a instanceof Long x && x != Long.MIN_VALUE ? (Object) (-x) : normal(big(a).negate());
        }
        return -real(a);
    }

    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (isInteger(a) && isInteger(b)) {
            return big(a).compareTo(big(b));
        }
        if (a instanceof Double x && b instanceof Double y) {
            return x < y ? -1 : x > y ? 1 : 0;
        }
        if (isNaN(a) || isNaN(b)) {
            return 0;
        }
        if (a instanceof Double x && x.isInfinite()) {
            return x > 0 ? 1 : -1;
        }
        if (b instanceof Double y && y.isInfinite()) {
            return y > 0 ? -1 : 1;
        }
        return exact(a).compareTo(exact(b));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(big(value));
    }

    static boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    private static Object bounded(BigInteger value) {
        check(value.bitLength());
        return normal(value);
    }

    private static void check(double bits) {
        if (bits > MAX_BITS) {
            throw TemplateException.limit("integers of " + MAX_BITS + " bits");
        }
    }

    /** The integer towards zero: {@code int(number)}. */
    static Object truncate(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            throw TemplateException.type("cannot convert float %s to integer", Repr.of(number));
        }
        return Math.abs(number) < 1L << 62 ? (Object) (long) number : normal(new BigDecimal(number).toBigInteger());
    }

    /** {@code round(number, digits)}: of the exact value, ties to even. */
    static Object round(Object number, Object digits) {
        if (!isNumber(number)) {
            throw TemplateException.type("type %s doesn't define __round__ method", Values.typeName(number));
        }
        int scale = digits == None.NONE ? 0 : Values.requireSize(digits);
        if (isInteger(number)) {
            return scale >= 0 || scale < -MAX_BITS / 3
                    ? scale >= 0 ? normal(big(number)) : 0L
                    : normal(new BigDecimal(big(number))
                            .setScale(scale, RoundingMode.HALF_EVEN)
                            .toBigInteger());
        }
        double value = real(number);
        if (Double.isNaN(value) || Double.isInfinite(value) || scale > 400) {
            return digits == None.NONE ? truncate(value) : (Object) value;
        }
        if (scale < -400) {
            return Math.copySign(0, value);
        }
        double rounded =
                new BigDecimal(value).setScale(scale, RoundingMode.HALF_EVEN).doubleValue();
        return digits == None.NONE ? truncate(rounded) : (Object) Math.copySign(rounded, value);
    }
}
