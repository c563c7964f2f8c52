#!/usr/bin/env bash
# For spark.executor.resource.gpu.discoveryScript: the GPUs that this container has, as Spark wants to read them.
set -euo pipefail
addresses=$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/.*/"&"/' | paste -sd,)
echo "{\"name\": \"gpu\", \"addresses\": [$addresses]}"
