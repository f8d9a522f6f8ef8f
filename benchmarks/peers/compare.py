"""Compares the contestants: compare.py --programs DIR [--rounds 15] [--output DIR].

Checks every output against Ito's, then times all in turn, round after round, on one processor.
Writes a table to standard output, and peers.tsv and peers.svg to the output directory.
"""
import argparse
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy as np

WORKS = ["train_50_256_3", "train_50_512_6", "sampling", "sampling_contracted", "divergence"]
VARIANTS = ["ito", "libtorch", "eager", "compile", "jax"]
LABELS = ["train 50/256/3", "train 50/512/6", "sampling", "sampling by hand", "divergence"]
TITLES = {"ito": "Ito", "libtorch": "libtorch", "eager": "PyTorch eager",
          "compile": "torch.compile", "jax": "JAX jit"}
# Relative, in the Euclidean norm of a tensor: f32 sums of up to 1,536 terms in other orders.
TOLERANCE = 1e-4
BLOCK_SECONDS = 0.05


class Contestant:
    def __init__(self, name, command, folder, threads_of_one):
        self.name = name
        self.process = subprocess.Popen(command + [str(folder)], text=True, env=threads_of_one,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.works = []

    def wait_until_ready(self):
        for line in self.process.stdout:
            if line.strip() == "end":
                return
            _, variant, work = line.split()
            self.works.append((variant, work))
        raise SystemExit(f"peers: {self.name} ended early")

    def pin(self, cpu):
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            os.sched_setaffinity(int(task), {cpu})

    def seconds(self, variant, work, calls):
        self.process.stdin.write(f"{variant} {work} {calls}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def worst_difference(folder, work, variant):
    """The largest relative difference from Ito's outputs."""
    base = folder / ("sampling" if work == "sampling_contracted" else work)
    name = "next_contracted" if work == "sampling_contracted" else None
    differences = []
    for path in sorted((base / "ito").glob("*.npy")):
        expected = np.load(path).ravel().astype(np.float64)
        got = np.load(base / variant / f"{name or path.stem}.npy").ravel().astype(np.float64)
        if got.shape != expected.shape:
            return math.inf
        differences.append(np.linalg.norm(got - expected) / np.linalg.norm(expected))
    return float(np.max(differences)) if differences else math.inf  # NaN if one is


def measure(contestants, rounds):
    """Medians by (variant, work)."""
    asked = [(c, v, w) for c in contestants for v, w in c.works]
    calls, times = {}, {(v, w): [] for _, v, w in asked}
    for c, v, w in asked:
        c.seconds(v, w, 1)  # compiles and warms up
        calls[v, w] = max(1, math.ceil(BLOCK_SECONDS / c.seconds(v, w, 2)))
    for _ in range(rounds):
        for c, v, w in asked:
            times[v, w].append(c.seconds(v, w, calls[v, w]))
    return {key: statistics.median(values) for key, values in times.items()}


def print_table(medians):
    """A row a work; a peer's cell is its time and how many times Ito's that is."""
    def ito(work):
        return medians["ito", "sampling" if work == "sampling_contracted" else work]

    rows = [["work", *(TITLES[v] for v in VARIANTS)]]
    for work in WORKS:
        row = [work]
        for variant in VARIANTS:
            seconds = ito(work) if variant == "ito" else medians.get((variant, work))
            if seconds is None:
                row.append("-")
            else:
                row.append(f"{1e3 * seconds:.3f} ms" +
                           ("" if variant == "ito" else f" ({seconds / ito(work):.1f}x)"))
        rows.append(row)
    print("| " + " | ".join(rows[0]) + " |")
    print("|---" * len(rows[0]) + "|")
    for row in rows[1:]:
        print("| " + " | ".join(row) + " |")
    return {(v, w): medians[v, w] / ito(w) for v, w in medians}


def plot(ratios, folder):
    with open(folder / "peers.tsv", "w", encoding="utf-8") as out:
        out.write("work\t" + "\t".join(VARIANTS) + "\n")
        for work, label in zip(WORKS, LABELS):
            cells = (ratios.get((v, work), 1.0 if v == "ito" else math.nan) for v in VARIANTS)
            out.write(f'"{label}"' + "\t" + "\t".join(f"{cell:.4g}" for cell in cells) + "\n")
    if shutil.which("gnuplot") is None:
        print("gnuplot is not there: no peers.svg", file=sys.stderr)
        return
    columns = ", ".join(f"'peers.tsv' skip 1 using {i + 2}:xtic(1) title '{TITLES[v]}'"
                        for i, v in enumerate(VARIANTS) if v != "ito")
    script = f"""set terminal svg size 900,420 noenhanced font 'sans,12'
set output 'peers.svg'
set style data histogram
set style fill solid 0.8 border -1
set logscale y
set grid ytics
set ylabel "time / Ito's"
set key outside top horizontal
set xrange [-0.6:4.6]
set yrange [0.5:*]
plot {columns}, 1 title 'Ito' linecolor 'black'
"""
    subprocess.run(["gnuplot"], input=script, text=True, cwd=folder, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("out"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).parent
    environment = os.environ | {name: "1" for name in (
        "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITO_NUM_THREADS")}
    # Idle OpenMP threads must not spin beside the contestant whose turn it is.
    environment["OMP_WAIT_POLICY"] = "passive"

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        contestants = []
        commands = {"ito": [options.programs / "peer_ito"],
                    "libtorch": [options.programs / "peer_libtorch"],
                    "torch": [sys.executable, here / "torch_peer.py"],
                    "jax": [sys.executable, here / "jax_peer.py"]}
        for peer, command in commands.items():  # Ito first: it writes the inputs
            if not command[-1].exists():
                print(f"{peer}: not built", file=sys.stderr)
                continue
            contestant = Contestant(peer, [str(word) for word in command], folder, environment)
            contestant.wait_until_ready()
            contestants.append(contestant)
        for contestant in contestants[1:]:
            for variant, work in list(contestant.works):
                difference = worst_difference(folder, work, variant)
                print(f"{variant:10} {work:20} differs by {difference:.1e}", file=sys.stderr)
                if not difference <= TOLERANCE:
                    raise SystemExit(f"peers: {variant} {work} computes something else")
        cpu = max(os.sched_getaffinity(0))
        for contestant in contestants:
            contestant.pin(cpu)
        medians = measure(contestants, options.rounds)
        for contestant in contestants:
            contestant.process.stdin.close()
            contestant.process.wait()
    plot(print_table(medians), options.output)


if __name__ == "__main__":
    main()
