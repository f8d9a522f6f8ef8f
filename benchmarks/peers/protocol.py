"""What the Python contestants share: the .npy files and the loop that answers on standard output."""
import gc
import pathlib
import sys
import time

import numpy as np

N, BATCH, CHAINS, FREQUENCIES = 128, 50, 5000, 21
ALPHA_MAX = np.pi / 2 - 0.01
ALPHA, NEXT_ALPHA = 0.7, 0.708  # of the sampling step
T, S = np.tan(ALPHA) ** 2, np.tan(NEXT_ALPHA) ** 2
NOISE = float(np.sqrt((S - T) * (1 + S) / (1 + T)))
STEP = float(S - T)


def read(folder, name, *shape):
    return np.load(folder / "in" / f"{name}.npy").reshape(shape)


def network(folder, hidden, gates):
    """The parameters of the case study's network."""
    return {
        "time.weight": read(folder, "time.weight", gates, 2 * FREQUENCIES),
        "time.bias": read(folder, "time.bias", gates),
        "input.weight": read(folder, "input.weight", hidden, N),
        "input.bias": read(folder, "input.bias", hidden),
        "output.weight": read(folder, "output.weight", N, gates * hidden),
        "output.bias": read(folder, "output.bias", N),
    }


def perceptron(folder):
    return {
        "0.weight": read(folder, "0.weight", 256, N),
        "0.bias": read(folder, "0.bias", 256),
        "1.weight": read(folder, "1.weight", N, 256),
        "1.bias": read(folder, "1.bias", N),
    }


def write(folder, variant, outputs):
    (folder / variant).mkdir(parents=True, exist_ok=True)
    for name, value in outputs.items():
        np.save(folder / variant / f"{name}.npy", np.asarray(value, dtype=np.float32).ravel())


def directory():
    return pathlib.Path(sys.argv[1])


def serve(works):
    """`works`: (variant, work) -> function of a number of calls that returns when they are done."""
    for variant, work in works:
        print("ready", variant, work)
    print("end", flush=True)
    gc.disable()
    for line in sys.stdin:
        variant, work, calls = line.split()
        start = time.process_time()  # as protocol.h
        works[variant, work](int(calls))
        print((time.process_time() - start) / int(calls), flush=True)
        gc.collect()
