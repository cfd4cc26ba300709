"""Statistics as scipy and numpy have them, for the tests of Measure.

usage: statistics.py INPUT.json

INPUT is {"pairs": [[a, b], ...], "tails": [[t, degrees], ...], "quantiles": [[probability, degrees], ...],
"betas": [[x, a, b], ...], "stops": [[values, percentile], ...], "seed": s, "resamples": n}, where a, b and values are
lists of numbers. Prints one object with a list for each of these.
"""
import json
import sys
import warnings

import numpy as np
from scipy import special, stats

warnings.simplefilter("ignore")  # scipy warns of large offsets; the tests know what they ask for
MASK = (1 << 64) - 1


def split_mix(seed):
    """SplitMix64 by its paper: endless 64-bit numbers."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def below(numbers, count):
    """Lemire's method: the upper half of number x count, rejecting what would make some results likelier."""
    while True:
        product = next(numbers) * count
        if product & MASK >= (1 << 64) % count:
            return product >> 64


def describe(values):
    values = np.asarray(values)
    mean, error = values.mean(), stats.sem(values)
    lower, upper = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=error)
    first, third = np.quantile(values, [0.25, 0.75])
    fences = first - 1.5 * (third - first), third + 1.5 * (third - first)
    return {
        "mean": mean, "error": error, "relative": error / abs(mean), "lower": lower, "upper": upper,
        "fences": fences, "low": int((values < fences[0]).sum()), "high": int((values > fences[1]).sum()),
    }  # fmt: skip


def bootstrap(a, b, seed, resamples):
    """Of the mean of a - b, in pairs: with the same draws as the program, and with scipy's own."""
    n = min(len(a), len(b))
    difference = np.asarray(a[:n]) - np.asarray(b[:n])
    numbers = split_mix(seed)
    draws = [[below(numbers, n) for _ in range(n)] for _ in range(resamples)]
    same = np.quantile(difference[np.array(draws)].mean(axis=1), [0.025, 0.975])
    own = stats.bootstrap(
        (a[:n], b[:n]), lambda x, y, axis: np.mean(x - y, axis=axis), paired=True, vectorized=True,
        n_resamples=resamples, method="percentile", rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return {"same": list(same), "scipy": [own.low, own.high]}


def compare(a, b, seed, resamples):
    welch = stats.ttest_ind(a, b, equal_var=False)
    na, nb = len(a), len(b)
    pooled = ((na - 1) * np.var(a, ddof=1) + (nb - 1) * np.var(b, ddof=1)) / (na + nb - 2)
    return {
        "a": describe(a), "t": welch.statistic, "degrees": welch.df, "p": welch.pvalue,
        "d": (np.mean(a) - np.mean(b)) / np.sqrt(pooled), "bootstrap": bootstrap(a, b, seed, resamples),
    }  # fmt: skip


def early_stopping(values, percentile):
    """The rule as MLPerf words it: for each t the least h with odds(h, t) < 1 - c, which grows with t, step by step."""
    n, confidence = len(values), 0.99

    def least(t, h):
        while stats.binom.cdf(t, h + t, 1 - percentile) >= 1 - confidence:
            h += 1
        return h

    h = least(1, 1)
    minimum = h + 1
    if n < minimum:
        return {"minimum": minimum}
    t = 1
    while n >= (h := least(t + 1, h)) + t + 1:
        t += 1
    return {"minimum": minimum, "estimate": sorted(values)[n - t], "discarded": t - 1}


given = json.load(open(sys.argv[1]))
result = {
    "pairs": [compare(a, b, given["seed"], given["resamples"]) for a, b in given["pairs"]],
    "tails": [2 * stats.t.sf(abs(t), degrees) for t, degrees in given["tails"]],
    "quantiles": [stats.t.ppf(p, degrees) for p, degrees in given["quantiles"]],
    "betas": [special.betainc(a, b, x) for x, a, b in given["betas"]],
    "stops": [early_stopping(values, percentile) for values, percentile in given["stops"]],
}
json.dump(result, sys.stdout, default=float)
