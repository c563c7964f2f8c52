import dev.temper.ml.{FineTunedModel, SupervisedFineTuning}
import org.apache.spark.ml.feature.SQLTransformer
import org.apache.spark.ml.{Pipeline, PipelineModel, PipelineStage}
import org.apache.spark.sql.SparkSession

object TunedAnswers {
  def main(args: Array[String]): Unit = {
    val Array(base, table, runs, saved) = args
    val spark = SparkSession.builder.getOrCreate()

    val answered = new SQLTransformer()
      .setStatement("SELECT prompt, completion FROM __THIS__ WHERE prompt IS NOT NULL")
    val tuning = new SupervisedFineTuning()
      .setBase(base)
      .setR(2)
      .setMaxSteps(3)
      .setLearningRate(2e-3)
      .setKey("training.warmup_ratio", 0.1) // any key of a recipe
      .setKey("generation.max_new_tokens", 4)
      .setOutput(runs)
    val model = new Pipeline()
      .setStages(Array[PipelineStage](answered, tuning))
      .fit(spark.table(table))

    model.write.overwrite().save(saved)
    val again = PipelineModel.load(saved)
    again.transform(spark.table(table)).select("prompt", "generation").show(3)
    val tuned = again.stages.last.asInstanceOf[FineTunedModel]
    tuned.history().filter("name = 'train/loss'").show()
    println(tuned.explainParams())
  }
}
