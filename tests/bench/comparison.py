"""Whether two kinds of answers take the same time: by their medians, in pairs, and to whoever would tell them apart."""

from math import erfc, sqrt
from statistics import median
from typing import Any

_NORMAL_95 = 1.96


def compared(first: list[float], second: list[float]) -> dict[str, Any]:
    """Of times measured in pairs.

    `difference`: the median of second minus first, `interval`: its 95 % by the order of the differences, whatever their
    distribution. `told_apart`: how often whoever sees one of each would say rightly which is which, by the slower one;
    0.5 where they are alike. `p`: how likely at least so much is by chance (Mann-Whitney, two-sided).
    """
    differences = sorted(b - a for a, b in zip(first, second, strict=True))
    count = len(differences)
    reach = _NORMAL_95 * sqrt(count) / 2
    low, high = max(0, int(count / 2 - reach)), min(count - 1, int(count / 2 + reach))
    slower = _share_of_slower(first, second)
    deviation = sqrt((2 * count + 1) / (12 * count * count))
    return {
        "pairs": count,
        "medians": (median(first), median(second)),
        "difference": median(differences),
        "interval": (differences[low], differences[high]),
        "told_apart": max(slower, 1 - slower),
        "p": erfc(abs(slower - 0.5) / deviation / sqrt(2)),
    }


def _share_of_slower(first: list[float], second: list[float]) -> float:
    """Mann-Whitney's U over all pairs of one of each; a tie counts half."""
    ranked = sorted([(value, False) for value in first] + [(value, True) for value in second])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank = (at + 1 + end) / 2
        total += rank * sum(is_second for _, is_second in ranked[at:end])
        at = end
    count = len(second)
    return (total - count * (count + 1) / 2) / (len(first) * count)
