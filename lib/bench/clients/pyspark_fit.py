"""Trains, measures, saves, loads and scores from PySpark, through its gateway to the JVM, as docs/library.md shows.

    python pyspark_fit.py JARS OUTPUT        with pyspark 3.5 and a JDK 17; JARS: jobs/target/lib after `mvn package`

Prints the loss before and after, and an answer; fails where one of them is not as it must be.
"""
import glob
import os
import sys

from pyspark.sql import DataFrame, SparkSession

jars, output = sys.argv[1], os.path.abspath(sys.argv[2])
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", ",".join(glob.glob(jars + "/*.jar")))
    .config("spark.ui.enabled", False)
    .getOrCreate()
)
rows = spark.read.csv(root + "/conf/quickstart/train.csv", header=True)
other = spark.read.csv(root + "/conf/quickstart/eval.csv", header=True).limit(8)

temper = spark.sparkContext._jvm.dev.temper.ml
fine_tuning = (
    temper.SupervisedFineTuning()
    .setRecipe("model: {base: %s/conf/quickstart/base}\ndata: {chat_template: none, eval_fraction: 0.05}" % root)
    .setMaxLength(64)
    .setBatchSize(32)
    .setLearningRate(2e-3)
    .setMaxSteps(60)
    .setOutput("file:" + output)
)
model = fine_tuning.fit(rows._jdf)
after = model.metrics().get("eval/loss")
before = dict((step, value) for step, name, value in (
    (row.step, row.name, row.value) for row in spark.read.parquet(
        os.path.dirname(model.folder()) + "/metrics").collect()) if name == "eval/loss")[0]
print("eval/loss", before, "to", after)
assert after < before / 2, (before, after)

model.write().overwrite().save("file:" + output + "-saved")
again = temper.FineTunedModel.load("file:" + output + "-saved")
scored = [DataFrame(one.transform(other._jdf), spark).collect() for one in (model, again)]
print(scored[0][0].prompt, scored[0][0].generation)
assert scored[0] == scored[1] and len(scored[0]) == 8 and all(row.generation for row in scored[0])
