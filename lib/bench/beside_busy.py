#!/usr/bin/env python3
"""The quickstart's speed by how libtorch's threads wait, alone and beside one busy process; and on a standalone cluster.

    lib/bench/beside_busy.py [--updates 40] [--rounds 3] [--busy-rounds 2] [--settings GOMP_SPINCOUNT=300000,default,...]
                             [--cluster-rounds 2] [--out FILE.md]

Every round runs each setting once, through deploy/temper, in the order they are named, so that a slow spell of the
machine meets all. `default` sets nothing, GOMP_SPINCOUNT=300000 is what libgomp does by itself. The cluster is a master
and two workers of one core each; two workers train with and without spark.executor.cores. The speed is the manifest's
tokens per second of the updates alone; the best and the median of the rounds are shown. Nothing else may run.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPER = ROOT / "deploy" / "temper"
HOME = ROOT / "jobs" / "target" / "spark-home"
OPENS = re.search(r"<spark.jvm.options>(.*?)</spark.jvm.options>", (ROOT / "pom.xml").read_text()).group(1).split()


class Runs:
    """Runs the quickstart with what is the same for all."""

    def __init__(self, folder, updates):
        self.folder = folder
        files = ROOT / "conf" / "quickstart"
        self.recipe = [f"{files}.yaml", f"model.base={files / 'base'}", f"data.train={files / 'train.csv'}",
                       f"data.eval={files / 'eval.csv'}", f"data.prepared={folder / 'prepared'}", "data.max_eval_rows=16"]
        self.settings = [f"training.max_steps={updates}", "training.eval_strategy=no", "training.save_strategy=no",
                         "training.warmup_steps=0", "generation.prompts=[]", "generation.eval_prompts=0"]
        self.call("prepare", [], {})

    def call(self, command, more, environment):
        output = self.folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        line = [str(TEMPER), command, *self.recipe, *self.settings, f"output={output}", *more]
        done = subprocess.run(line, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-2000:]}{done.stderr[-2000:]}\nfailed: {' '.join(line)}")
        return output

    def speed(self, environment, *more):
        output = self.call("run", list(more), environment)
        return json.loads((output / "manifest.json").read_text())["tokens_per_second"]


@contextlib.contextmanager
def ending(*processes):
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def spark(folder, name, *arguments):
    command = [shutil.which("java"), "-Xmx256m", *OPENS, f"-Dlog4j2.configurationFile=file://{folder}/log4j2.properties",
               "-cp", f"{HOME}/jars/*", *arguments]
    environment = os.environ | {"SPARK_HOME": str(HOME), "SPARK_SCALA_VERSION": "2.12", "SPARK_LOCAL_IP": "127.0.0.1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=open(folder / f"{name}.log", "w"), stderr=subprocess.STDOUT)


def await_text(file, pattern):
    for _ in range(600):
        found = re.search(pattern, file.read_text())
        if found:
            return found.group(1)
        time.sleep(0.1)
    sys.exit(f"no {pattern} in {file}")


def on_cluster(runs, rounds):
    """Tokens per second of two workers on two machines of one core each, by options."""
    folder = runs.folder
    subprocess.run([str(TEMPER), "--version", "--master=local[1]"], check=True, capture_output=True)  # links a SPARK_HOME
    (folder / "log4j2.properties").write_text(
        "rootLogger.level = info\nrootLogger.appenderRef.out.ref = out\nappender.out.type = Console\nappender.out.name = out\n")
    address = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    results = {"": [], "--executor-cores 1": []}
    with ending(spark(folder, "master", "org.apache.spark.deploy.master.Master", *address)):
        url = await_text(folder / "master.log", r"Starting Spark master at (spark://\S+)")
        workers = [spark(folder, f"worker{i}", "org.apache.spark.deploy.worker.Worker", *address, "--cores", "1", "--memory",
                         "2g", "--work-dir", str(folder / f"work{i}"), url) for i in range(2)]
        with ending(*workers):
            for i in range(2):
                await_text(folder / f"worker{i}.log", "(Successfully registered)")
            for _ in range(rounds):
                for options, speeds in results.items():
                    environment = {"TEMPER_SPARK_OPTIONS": f"--executor-memory 768m {options}"}
                    speeds.append(runs.speed(environment, "cluster.workers=2", f"--master={url}"))
                    print(f"cluster {options or 'default'}: {speeds[-1]:.0f}", file=sys.stderr)
    return results


def environment(setting):
    return dict([setting.split("=", 1)]) if "=" in setting else {}


def measure(runs, settings, rounds):
    results = {setting: [] for setting in settings}
    for _ in range(rounds):
        for setting, speeds in results.items():
            speeds.append(runs.speed(environment(setting)))
            print(f"{setting}: {speeds[-1]:.0f}", file=sys.stderr)
    return results


def rows(title, results):
    first = next(iter(results.values()))
    for setting, speeds in results.items():
        if speeds:
            middle = statistics.median(speeds)
            yield (f"| {title} | {setting or 'no option'} | {middle:,.0f} | {max(speeds):,.0f} | "
                   f"{middle / statistics.median(first):.2f} | {' '.join(f'{s:,.0f}' for s in speeds)} |")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--updates", type=int, default=40)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--busy-rounds", type=int, default=2)
    p.add_argument("--cluster-rounds", type=int, default=2)
    p.add_argument("--settings", default="GOMP_SPINCOUNT=300000,default,OMP_WAIT_POLICY=PASSIVE")
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    settings = a.settings.split(",")
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        os.environ.pop(name, None)
    lines = ["| where | setting | tokens/s, median | best | of the first | all |", "|---|---|---|---|---|---|"]
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(pathlib.Path(folder), a.updates)
        lines += rows("alone", measure(runs, settings, a.rounds))
        with ending(subprocess.Popen([sys.executable, "-c", "while True: pass"])):
            lines += rows("beside one busy process", measure(runs, settings, a.busy_rounds))
        lines += rows("two machines of one core", on_cluster(runs, a.cluster_rounds))
    text = "\n".join(lines) + "\n"
    print(text)
    print(f"{time.time() - start:.0f} s", file=sys.stderr)
    if a.out:
        a.out.write_text(text)


if __name__ == "__main__":
    main()
