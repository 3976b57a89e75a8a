#!/bin/bash
# Make a base image fit for the tools: ps for Nextflow's figures (only a base without it needs the network), no pip,
# and a standard library whose bytecode is used whatever time stamps the image's files have.
set -euo pipefail
if ! command -v ps > /dev/null; then
    apt-get update
    apt-get install --yes --no-install-recommends procps
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log
fi
rm -rf /usr/local/lib/python3*/site-packages/{pip,setuptools,wheel}* /usr/local/bin/{pip*,wheel}
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
PYTHONHASHSEED=0 python3 -m compileall -q -f --invalidation-mode unchecked-hash \
    -x '/(test|tests|idlelib|lib2to3|tkinter|turtledemo|ensurepip|site-packages|dist-packages)/' "$library"
