"""Writes the documentation's tables and charts from the results that are kept.

``hatch run bench:docs``
"""

from __future__ import annotations

from pathlib import Path

from .chart import draw
from .page import (
    BENCHMARKS,
    RESULTS,
    RESULTS_PAGE,
    chart_path,
    kept_results,
    results_page,
    with_targets,
)

__all__ = ["RESULTS", "publish"]


def publish() -> None:
    """Write both pages, and a chart for each group."""
    results = kept_results()
    RESULTS_PAGE.write_text(results_page(results), encoding="utf-8")
    text = BENCHMARKS.read_text(encoding="utf-8")
    BENCHMARKS.write_text(with_targets(text, results), encoding="utf-8")
    for result in results:
        path: Path = chart_path(result.name)
        draw(result, path)


if __name__ == "__main__":
    publish()
