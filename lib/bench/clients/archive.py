"""Runs the archive beside a real Spark distribution: unpacked in an empty folder, with a home folder that has no Maven.

    python archive.py deploy/target/temper-0.1.0-SNAPSHOT.tgz SPARK_HOME

starts a standalone cluster of two workers on ports of its own and prints, for client and cluster mode, exit codes, seconds and
how many drivers and executors there were. With HADOOP_CONF_DIR in the environment (a folder with yarn-site.xml) YARN is asked,
too. Ends with 1 when a run was not as it should be.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

MASTER_PORT, WEB_PORT = 17077, 18180
QUICK = ["training.max_steps=20", "training.eval_strategy=no", "generation.eval_prompts=0"]
WRONG = ["training.learningrate=1"]
DIVERGES = ["training.max_steps=30", "training.learning_rate=1e38", "training.eval_strategy=no", "generation.eval_prompts=0"]


def cluster(spark: Path, folder: Path, env: dict) -> list:
    spark_class = str(spark / "bin/spark-class")
    started = []

    def start(name, *command):
        log = open(folder / f"{name}.log", "w")
        started.append(subprocess.Popen([spark_class, *command], stdout=log, stderr=log, env=env))

    start("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(MASTER_PORT),
          "--webui-port", str(WEB_PORT))
    for i in (1, 2):
        start(f"worker{i}", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "2", "--memory", "3g",
              "--webui-port", str(WEB_PORT + i), "--work-dir", str(folder / f"work{i}"), f"spark://127.0.0.1:{MASTER_PORT}")
    for _ in range(120):
        try:
            state = json.load(urllib.request.urlopen(f"http://127.0.0.1:{WEB_PORT}/json/", timeout=5))
            if state["aliveworkers"] == 2:
                return started
        except OSError:
            pass
        time.sleep(0.5)
    raise SystemExit("the cluster does not come up; see " + str(folder))


def main(archive: Path, spark: Path) -> int:
    folder = Path(tempfile.mkdtemp(prefix="temper-archive-"))
    (folder / "home").mkdir()
    (folder / "unpacked").mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", folder / "unpacked"], check=True)
    root = next((folder / "unpacked").iterdir())
    home = folder / "home"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "TEMPER_"))}
    env |= {"HOME": str(home), "JAVA_TOOL_OPTIONS": f"-Duser.home={home}", "SPARK_HOME": str(spark), "SPARK_LOCAL_IP": "127.0.0.1"}
    quickstart = root / "conf/quickstart"
    locations = [f"model.base={quickstart}/base", f"data.train={quickstart}/train.csv", f"data.eval={quickstart}/eval.csv"]
    wrong = 0

    def run(name: str, expected: int, status: str, options: list, settings: list):
        nonlocal wrong
        output = folder / name
        command = ["bin/temper", "submit", *options, "conf/quickstart.yaml", *locations, *settings, f"output={output}"]
        began = time.time()
        with open(folder / f"{name}.log", "w") as log:
            code = subprocess.run(command, cwd=root, env=env, stdout=log, stderr=log).returncode
        manifest = output / "manifest.json"
        found = json.loads(manifest.read_text())["status"] if manifest.exists() else "none"
        good = code == expected and found == status
        wrong += not good
        print(f"{name:28} exit {code}  manifest {found:10} {time.time() - began:5.0f} s  {'' if good else 'WRONG'}", flush=True)

    kinds = {"standalone": ["--master", f"spark://127.0.0.1:{MASTER_PORT}", "--total-executor-cores", "1"]}
    if "HADOOP_CONF_DIR" in env:
        kinds["yarn"] = ["--master", "yarn", "--num-executors", "1", "--executor-memory", "1g", "--driver-memory", "1g",
                         "--conf", f"spark.yarn.jars=local:{spark}/jars/*",
                         "--conf", f"spark.yarn.stagingDir=file://{folder}/staging"]
    processes = cluster(spark, folder, env)
    try:
        for kind, options in kinds.items():
            for mode in ("client", "cluster"):
                all_options = [*options, "--deploy-mode", mode]
                run(f"{kind}-{mode}", 0, "finished", all_options, QUICK)
                run(f"{kind}-{mode}-mistake", 2 if mode == "client" else 1, "none", all_options, WRONG)
                run(f"{kind}-{mode}-diverged", 1, "failed", all_options, DIVERGES)
    finally:
        for process in reversed(processes):
            process.terminate()
    drivers = list(folder.glob("work*/driver-*"))
    print(f"drivers in the standalone cluster: {len(drivers)} for 3 submissions")
    logs = "".join(Path(driver / "stderr").read_text() for driver in drivers)
    codes = sorted(re.findall(r"\(exit code (\d+)\)", logs))
    print("real codes in their logs:", " ".join(codes))
    print("logs:", folder)
    return 1 if wrong or len(drivers) != 3 or set(codes) != {"1", "2"} else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
