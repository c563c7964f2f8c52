package dev.temper.spark.preparing;

import java.io.Serializable;
import java.util.Comparator;
import org.apache.spark.Partitioner;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.apache.spark.rdd.ShuffledRDD;
import org.apache.spark.serializer.KryoSerializer;
import scala.Tuple2;
import scala.math.Ordering;
import scala.math.Ordering$;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Sorts pairs by key within partitions. Pairs are serialized by Kryo; Java's serialization would triple their size. */
public final class LeanShuffle {
    private LeanShuffle() {}

    /** A serializable order of keys. */
    public interface Order<K> extends Comparator<K>, Serializable {}

    /** Shuffles pairs into the partitions of {@code partitioner}, each sorted by key. */
    public static <K, V> JavaRDD<Tuple2<K, V>> sorted(
            JavaPairRDD<K, V> pairs, Partitioner partitioner, Order<K> order, Class<V> values) {
        ClassTag<K> keyTag = pairs.kClassTag();
        ClassTag<V> valueTag = ClassTag$.MODULE$.apply(values);
        Ordering<K> ordering = Ordering$.MODULE$.comparatorToOrdering(order);
        SparkConf conf = pairs.context().getConf().clone().set("spark.kryoserializer.buffer.max", "2047m");
        ShuffledRDD<K, V, V> shuffled = new ShuffledRDD<>(pairs.rdd(), partitioner, keyTag, valueTag, valueTag);
        RDD<Tuple2<K, V>> rows = shuffled.setKeyOrdering(ordering).setSerializer(new KryoSerializer(conf));
        return rows.toJavaRDD();
    }
}
