"""Keeps and compares the floor ratios of benchmark runs; see scripts/bench.

    ratios.py save FILE RESULT...      RESULT: what Google Benchmark writes as JSON
    ratios.py compare FILE RESULT...

A floor ratio is a time over that of a floor measured beside it, so machines may differ a little.
Comparing prints; it fails for nothing but an empty list: a shared machine moves ratios by ten
percent.
"""
import json
import math
import pathlib
import sys

NOTEWORTHY = 0.1


def ratios(paths):
    """Benchmark name -> floor_ratio: the median of repetitions, or the only one."""
    found = {}
    for path in paths:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        if not text.strip():  # a filter left nothing of this program
            continue
        for run in json.loads(text)["benchmarks"]:
            if "floor_ratio" in run and run.get("aggregate_name", "median") == "median":
                found[run.get("run_name", run["name"])] = run["floor_ratio"]
    return found


def compare(before, now):
    width = max((len(name) for name in before | now), default=0)
    print(f"{'floor ratio':{width}} {'before':>8} {'now':>8} {'change':>8}")
    for name in sorted(before | now):
        if name not in before:
            print(f"{name:{width}} {'-':>8} {now[name]:8.3f} {'':>8}  new")
            continue
        if name not in now:
            print(f"{name:{width}} {before[name]:8.3f} {'-':>8} {'':>8}  not measured")
            continue
        change = now[name] / before[name] - 1
        note = ("  no number" if not math.isfinite(change) else
                "" if abs(change) < NOTEWORTHY else "  slower" if change > 0 else "  faster")
        print(f"{name:{width}} {before[name]:8.3f} {now[name]:8.3f} {change:+8.1%}{note}")


def main():
    mode, file, *results = sys.argv[1:]
    now = ratios(results)
    if not now:
        raise SystemExit("ratios: no benchmark that was run has a floor")
    if mode == "save":
        pathlib.Path(file).write_text(json.dumps(now, indent=2, sort_keys=True) + "\n",
                                      encoding="utf-8")
        print(f"{len(now)} ratios written to {file}")
    else:
        compare(json.loads(pathlib.Path(file).read_text(encoding="utf-8")), now)


main()
