"""JAX's contestant, whole steps under jit: jax_peer.py DIRECTORY."""
import os

os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "")
                           + " --xla_cpu_multi_thread_eigen=false")
import jax
import jax.numpy as jnp

import protocol as p

jax.config.update("jax_platforms", "cpu")
# The default generator: rbg takes four times as long to draw normals on a CPU.

B1, B2, EPS, LR, DECAY = 0.9, 0.999, 1e-8, 1e-3, 1e-4


def arrays(parameters):
    return {name: jnp.asarray(value) for name, value in parameters.items()}


def gates_of(w, alpha):
    angles = alpha[:, None] * jnp.arange(p.FREQUENCIES, dtype=jnp.float32)
    phi = jnp.concatenate([jnp.cos(angles), jnp.sin(angles)], 1)
    return phi @ w["time.weight"].T + w["time.bias"]


def forward(w, y, alpha):
    x1 = jnp.tanh(y @ w["input.weight"].T + w["input.bias"])
    g = (gates_of(w, alpha)[:, :, None] * x1[:, None, :]).reshape(y.shape[0], -1)
    return g @ w["output.weight"].T + w["output.bias"] + jnp.cos(alpha)[:, None] ** 2 * y


def contracted(w, y, alpha):
    gate = gates_of(w, jnp.full((1,), alpha))[0]
    w_eff = jnp.einsum("l,nlm->nm", gate, w["output.weight"].reshape(p.N, gate.size, -1))
    x1 = jnp.tanh(y @ w["input.weight"].T + w["input.bias"])
    return x1 @ w_eff.T + w["output.bias"] + jnp.cos(alpha) ** 2 * y


def loss_of(w, x0, alpha, z):
    root = jnp.tan(alpha)[:, None]
    return jnp.mean((forward(w, root**2 * x0 + root * z, alpha) - x0) ** 2)


@jax.jit
def gradients(w, x0, alpha, z):
    return jax.value_and_grad(loss_of)(w, x0, alpha, z)


def train_step(state, x0):
    w, m, v, count, key = state
    key, a, b = jax.random.split(key, 3)
    alpha = jax.random.uniform(a, (p.BATCH,)) * p.ALPHA_MAX
    g = jax.grad(loss_of)(w, x0, alpha, jax.random.normal(b, (p.BATCH, p.N)))
    norm = jnp.sqrt(sum(jnp.vdot(x, x) for x in jax.tree.leaves(g)))
    clip = jnp.minimum(1.0, 1.0 / (norm + 1e-6))
    count = count + 1
    m = jax.tree.map(lambda m, g: B1 * m + (1 - B1) * clip * g, m, g)
    v = jax.tree.map(lambda v, g: B2 * v + (1 - B2) * (clip * g) ** 2, v, g)
    c1, c2 = 1 - B1**count, 1 - B2**count
    w = jax.tree.map(
        lambda w, m, v: w * (1 - LR * DECAY) - LR * (m / c1) / (jnp.sqrt(v / c2) + EPS), w, m, v)
    return w, m, v, count, key


def training(root, name, hidden, gates):
    folder = root / name
    w = arrays(p.network(folder, hidden, gates))
    x0 = jnp.asarray(p.read(folder, "x0", p.BATCH, p.N))
    loss, g = gradients(w, x0, jnp.asarray(p.read(folder, "alpha", p.BATCH)),
                        jnp.asarray(p.read(folder, "z", p.BATCH, p.N)))
    p.write(folder, "jax", {"loss": loss} | {f"grad.{k}": x for k, x in g.items()})
    step = jax.jit(train_step, donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, w)
    state = (w, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0), jax.random.key(0))

    def run(calls):
        nonlocal state
        for _ in range(calls):
            state = step(state, x0)
        jax.block_until_ready(state)

    return run


def sampling(root, by_hand):
    folder = root / "sampling"
    w = arrays(p.network(folder, 256, 3))
    alpha = jnp.float32(p.ALPHA)

    def step(w, y, z, alpha):
        m = contracted(w, y, alpha) if by_hand else forward(w, y, jnp.full((p.CHAINS,), alpha))
        return y + p.STEP * m + p.NOISE * z

    def noisy(w, y, key, alpha):
        key, now = jax.random.split(key)
        return step(w, y, jax.random.normal(now, y.shape), alpha), key

    y = jnp.asarray(p.read(folder, "y", p.CHAINS, p.N))
    name = "next_contracted" if by_hand else "next"
    p.write(folder, "jax", {name: jax.jit(step)(w, y, jnp.asarray(p.read(folder, "z", p.CHAINS, p.N)), alpha)})
    noisy = jax.jit(noisy, donate_argnums=(1, 2))

    def run(calls):
        state = (jnp.copy(y), jax.random.key(0))
        for _ in range(calls):
            state = noisy(w, *state, alpha)
        jax.block_until_ready(state)

    return run


def divergence(root):
    folder = root / "divergence"
    w = arrays(p.perceptron(folder))
    x = jnp.asarray(p.read(folder, "x", p.BATCH, p.N))

    def score(w, x):
        return jnp.tanh(x @ w["0.weight"].T + w["0.bias"]) @ w["1.weight"].T + w["1.bias"]

    def loss(w):
        def row(x):
            return jnp.sum(score(w, x) ** 2) + 2 * jnp.trace(jax.jacfwd(score, 1)(w, x))

        return jnp.mean(jax.vmap(row)(x))

    step = jax.jit(jax.value_and_grad(loss))
    value, g = step(w)
    p.write(folder, "jax", {"loss": value} | {f"grad.{k}": x for k, x in g.items()})

    def run(calls):
        for _ in range(calls):
            result = step(w)
        jax.block_until_ready(result)

    return run


def main():
    root = p.directory()
    p.serve({
        ("jax", "train_50_256_3"): training(root, "train_50_256_3", 256, 3),
        ("jax", "train_50_512_6"): training(root, "train_50_512_6", 512, 6),
        ("jax", "sampling"): sampling(root, False),
        ("jax", "sampling_contracted"): sampling(root, True),
        ("jax", "divergence"): divergence(root),
    })


main()
