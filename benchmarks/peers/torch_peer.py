"""PyTorch's contestants, eager and compiled: torch_peer.py DIRECTORY."""
import sys

import torch
from torch.func import jacfwd, vmap

import protocol as p

torch.set_num_threads(1)
torch.manual_seed(0)


def tensors(arrays):
    return {name: torch.from_numpy(value.copy()) for name, value in arrays.items()}


class Network(torch.nn.Module):
    def __init__(self, hidden, gates):
        super().__init__()
        self.time = torch.nn.Linear(2 * p.FREQUENCIES, gates)
        self.input = torch.nn.Linear(p.N, hidden)
        self.output = torch.nn.Linear(gates * hidden, p.N)
        self.register_buffer("frequencies", torch.arange(p.FREQUENCIES).float(), persistent=False)

    def gates(self, alpha):
        angles = alpha[:, None] * self.frequencies
        return self.time(torch.cat([angles.cos(), angles.sin()], 1))

    def forward(self, y, alpha):
        x1 = torch.tanh(self.input(y))
        g = (self.gates(alpha)[:, :, None] * x1[:, None, :]).flatten(1)
        return self.output(g) + alpha.cos().square()[:, None] * y


def compiled(variant, function):
    return torch.compile(function, dynamic=False) if variant == "compile" else function


def write_gradients(folder, variant, loss, module):
    loss.backward()
    outputs = {"loss": loss.detach()}
    outputs |= {f"grad.{k}": v.grad for k, v in module.named_parameters()}
    p.write(folder, variant, outputs)


def training(root, variant, name, hidden, gates):
    folder = root / name
    network = Network(hidden, gates)
    network.load_state_dict(tensors(p.network(folder, hidden, gates)))
    x0 = torch.from_numpy(p.read(folder, "x0", p.BATCH, p.N))

    @lambda f: compiled(variant, f)
    def loss(alpha, z):
        root_t = alpha.tan()[:, None]
        return torch.nn.functional.mse_loss(network(root_t.square() * x0 + root_t * z, alpha), x0)

    write_gradients(folder, variant,
                    loss(torch.from_numpy(p.read(folder, "alpha", p.BATCH)),
                         torch.from_numpy(p.read(folder, "z", p.BATCH, p.N))), network)
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-4, fused=True)

    def run(calls):
        for _ in range(calls):
            optimizer.zero_grad(set_to_none=True)
            loss(torch.rand(p.BATCH) * p.ALPHA_MAX, torch.randn(p.BATCH, p.N)).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    return run


def sampling(root, variant, contracted):
    folder = root / "sampling"
    network = Network(256, 3)
    network.load_state_dict(tensors(p.network(folder, 256, 3)))
    alpha, c2 = torch.full((p.CHAINS,), p.ALPHA), float(torch.tensor(p.ALPHA).cos() ** 2)

    def written(y, z):
        return y + p.STEP * network(y, alpha) + p.NOISE * z

    def by_hand(y, z):
        w = (network.gates(alpha[:1]) @ network.output.weight.view(p.N, 3, 256)).squeeze(1)
        x1 = torch.addmm(network.input.bias, y, network.input.weight.t()).tanh_()
        m = torch.addmm(network.output.bias, x1, w.t())
        return m.add_(y, alpha=c2).mul_(p.STEP).add_(y).add_(z, alpha=p.NOISE)

    step = compiled(variant, by_hand if contracted else written)
    y = torch.from_numpy(p.read(folder, "y", p.CHAINS, p.N))
    with torch.inference_mode():
        name = "next_contracted" if contracted else "next"
        p.write(folder, variant, {name: step(y, torch.from_numpy(p.read(folder, "z", p.CHAINS, p.N)))})

    def run(calls):
        with torch.inference_mode():
            x = y
            for _ in range(calls):
                x = step(x, torch.randn(p.CHAINS, p.N))

    return run


def divergence(root, variant):
    folder = root / "divergence"
    network = torch.nn.Sequential()
    network.add_module("0", torch.nn.Linear(p.N, 256))
    network.add_module("tanh", torch.nn.Tanh())
    network.add_module("1", torch.nn.Linear(256, p.N))
    network.load_state_dict(tensors(p.perceptron(folder)))
    x = torch.from_numpy(p.read(folder, "x", p.BATCH, p.N))

    @lambda f: compiled(variant, f)
    def loss(x):
        def row(x):
            def score(x):
                value = network(x)
                return value, value

            jacobian, value = jacfwd(score, has_aux=True)(x)
            return value.square().sum() + 2 * jacobian.diagonal().sum()

        return vmap(row)(x).mean()

    write_gradients(folder, variant, loss(x), network)

    def run(calls):
        for _ in range(calls):
            network.zero_grad(set_to_none=True)
            loss(x).backward()

    return run


def main():
    root, works = p.directory(), {}
    makers = {
        "train_50_256_3": lambda v: training(root, v, "train_50_256_3", 256, 3),
        "train_50_512_6": lambda v: training(root, v, "train_50_512_6", 512, 6),
        "sampling": lambda v: sampling(root, v, False),
        "sampling_contracted": lambda v: sampling(root, v, True),
        "divergence": lambda v: divergence(root, v),
    }
    for variant in ("eager", "compile"):
        for name, make in makers.items():
            try:
                works[variant, name] = make(variant)
            except Exception as error:  # what a peer cannot do is left out, and said
                print(f"torch: {variant} {name}: {type(error).__name__}: {error}"[:400],
                      file=sys.stderr)
    p.serve(works)


main()
