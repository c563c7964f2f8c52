package dev.temper.spark.reading;

import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapKeyValueTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/** Classifies nested Parquet types as list, map or struct, by the format's rules for new and old writers. */
final class ParquetNesting {
    private ParquetNesting() {}

    /**
     * Whether all repeated fields are annotated as lists; bare repeated fields, as protobuf writes them, are not
     * supported.
     */
    static boolean isReadable(Type type) {
        if (type.isRepetition(Repetition.REPEATED)) {
            return false;
        }
        if (type.isPrimitive()) {
            return true;
        }
        GroupType group = type.asGroupType();
        if (isList(group) || isMap(group)) {
            Type repeated = group.getFieldCount() == 1 ? group.getType(0) : group;
            return repeated.isRepetition(Repetition.REPEATED)
                    && (!isMap(group) || isEntry(repeated))
                    && (repeated.isPrimitive()
                            || repeated.asGroupType().getFields().stream().allMatch(ParquetNesting::isReadable));
        }
        return group.getFields().stream().allMatch(ParquetNesting::isReadable);
    }

    static boolean isList(GroupType group) {
        return group.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation;
    }

    static boolean isMap(GroupType group) {
        LogicalTypeAnnotation meaning = group.getLogicalTypeAnnotation();
        return meaning instanceof MapLogicalTypeAnnotation || meaning instanceof MapKeyValueTypeAnnotation;
    }

    static boolean isEntry(Type repeated) {
        return !repeated.isPrimitive()
                && repeated.asGroupType().getFieldCount() == 2
                && repeated.asGroupType().getType(0).isPrimitive();
    }

    /** The format's backward-compatibility rules for lists without an intermediate group. */
    static boolean isElement(GroupType list, Type repeated) {
        return repeated.isPrimitive()
                || repeated.asGroupType().getFieldCount() != 1
                || repeated.getName().equals("array")
                || repeated.getName().equals(list.getName() + "_tuple");
    }
}
