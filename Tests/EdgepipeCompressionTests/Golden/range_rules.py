#!/usr/bin/env python3
"""Finds ranges of histograms by trying every one, and measures given ones.

usage: range_rules.py < CASES

Each line of CASES is JSON: `counts`, `low`, `width` of a histogram, `steps`, and `windows`, pairs of bins' edges. Prints a
line of JSON for each: `errors` and `divergences` of the windows (null for an infinite one), and `least`, the least squared
error of all windows none of whose ends passes zero.
"""
import json
import sys

import numpy as np
from scipy.stats import entropy


def edge(case, index):
    return case["low"] + index * case["width"]


def squared_error(case, start, end):
    counts, low, width = np.array(case["counts"]), case["low"], case["width"]
    centres = low + (np.arange(counts.size) + 0.5) * width
    bottom, top = low + start * width, low + end * width
    step = (max(top, 0) - min(bottom, 0)) / case["steps"]
    errors = np.full(counts.size, step * step / 12)
    errors[:start] = (centres[:start] - bottom) ** 2
    errors[end:] = (centres[end:] - top) ** 2
    return float((counts * errors).sum())


def divergence(case, start, end):
    counts, levels = np.array(case["counts"], dtype=float), case["steps"] + 1
    kept = counts[start:end]
    clipped = kept.copy()
    clipped[0] += counts[:start].sum()
    clipped[-1] += counts[end:].sum()
    quantized = np.zeros_like(kept)
    edges = [level * (end - start) // levels for level in range(levels + 1)]
    for first, last in zip(edges, edges[1:]):
        filled = clipped[first:last] > 0
        if filled.any():
            quantized[first:last][filled] = kept[first:last].sum() / filled.sum()
    result = float(entropy(clipped, quantized))
    return result if np.isfinite(result) else None


def main():
    for line in sys.stdin:
        case = json.loads(line)
        size = len(case["counts"])
        print(json.dumps({
            "errors": [squared_error(case, *window) for window in case["windows"]],
            "divergences": [divergence(case, *window) for window in case["windows"]],
            "least": min(
                squared_error(case, start, end) for end in range(1, size + 1) for start in range(end)
                if (start == 0 or edge(case, start) <= 0) and (end == size or edge(case, end) >= 0)),
        }))


if __name__ == "__main__":
    main()
