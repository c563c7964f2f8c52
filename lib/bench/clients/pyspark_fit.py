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
    .setKey("training.warmup_ratio", 0.1)
    .setKey("training.lr_scheduler_kwargs", {})
    .setKey("generation.max_new_tokens", 16)
    .setOutput("file:" + output)
)
model = fine_tuning.fit(rows._jdf)
after = model.metrics().get("eval/loss")
history = DataFrame(model.history(), spark)
before = history.filter("name = 'eval/loss' AND step = 0").head().value
print("eval/loss", before, "to", after)
assert after < before / 2, (before, after)

model.write().overwrite().save("file:" + output + "-saved")
again = temper.FineTunedModel.load("file:" + output + "-saved")
scored = [DataFrame(one.transform(other._jdf), spark).collect() for one in (model, again)]
print(scored[0][0].prompt, scored[0][0].generation)
assert scored[0] == scored[1] and len(scored[0]) == 8 and all(row.generation for row in scored[0])

# Messages as Spark has them, told by the column's name.
chats = rows.limit(64).selectExpr(
    "array(struct('user' AS role, prompt AS content), struct('assistant' AS role, completion AS content)) AS messages")
talking = (
    temper.SupervisedFineTuning()
    .setBase(root + "/conf/quickstart/base")
    .setKey("data.chat_template", "{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}")
    .setMaxSteps(2)
    .setOutput("file:" + output + "-chats")
    .fit(chats._jdf)
)
answers = DataFrame(talking.transform(chats.limit(4)._jdf), spark).collect()
print(answers[0].generation)
assert len(answers) == 4 and all(row.generation is not None for row in answers)
print([line for line in talking.parent().explainParams().splitlines() if line.startswith("warmupRatio")])
