"""Holding programs to the instructions of AVX2 on a processor that has more."""
import os
import subprocess
import sys

import bench

# What holds a program where CPUID cannot be answered for it: its own switch, which reaches only a part of it. ONNX Runtime
# and ncnn have none, and OpenCV's would leave its decoder out.
SWITCHES = {
    "edgepipe": ("EDGEPIPE_INSTRUCTIONS", "avx2", "edgepipe's own kernels and not ONNX Runtime's"),
    "openvino": ("ONEDNN_MAX_CPU_ISA", "AVX2", "the kernels of oneDNN and not OpenVINO's few own"),
}


def is_wider(device):
    """Whether the processor has something that AVX2 has not."""
    return any(name.startswith(("AVX512", "AVX-VNNI")) for name in device["instruction_sets"])


def library():
    """The library that answers CPUID (narrow.c), or None where that cannot be done."""
    target = bench.WORK / "narrow.so"
    source = bench.ROOT / "Benchmarks/narrow.c"
    built = subprocess.run(
        ["cc", "-O2", "-shared", "-fPIC", "-Wl,-z,initfirst", "-o", target, source], stderr=subprocess.DEVNULL)
    if built.returncode != 0:
        return None
    tried = subprocess.run(
        [sys.executable, "-c", ""], env=os.environ | {"LD_PRELOAD": str(target)}, stderr=subprocess.DEVNULL)
    return target if tried.returncode == 0 else None


def environment(kind, answers):
    """The variables that hold a program of a kind; None where it cannot be held."""
    if answers:
        return {"LD_PRELOAD": str(answers)}
    return dict([SWITCHES[kind][:2]]) if kind in SWITCHES else None
