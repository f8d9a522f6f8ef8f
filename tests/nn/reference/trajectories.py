#!/usr/bin/env python3
"""Writes trajectories.h: where PyTorch's optimisers and schedules go in 100 steps, in float64.

    pip install torch && python3 trajectories.py > trajectories.h

Two problems, with every number given by a formula that the test repeats:
  quadratic  x'Ax/2 - b'x, A = [[3, 1, 0], [1, 2, 0.5], [0, 0.5, 1]], b = [1, -2, 0.5], from 0;
  mlp        mean (W2 tanh(W1 x + b1) + b2 - y)^2 over 8 samples + 0.05 |parameters|^2, 2 -> 3 -> 1,
             where W1, b1, W2, b2 are 0.8 sin(k), k = 1, 2, ... in this order, x is cos(0.7 k),
             k = 0, ..., 15 by rows and y = x_0^2 - x_1.
The penalty keeps the trajectories stable: 1e-15 on a starting value moves no end by more than
1e-14, so that a comparison to 1e-9 tests the rules and not the rounding.
Lion, which PyTorch lacks, is written out below from its paper.
"""

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

CHECKPOINTS = (1, 10, 100)
SCHEDULE_STEPS = (0, 1, 9, 10, 11, 29, 30, 45, 60, 85, 99)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, Program 1 with weight decay."""

    def __init__(self, params, lr, beta1, beta2, weight_decay):
        super().__init__(params, dict(lr=lr))
        self.betas, self.weight_decay = (beta1, beta2), weight_decay

    @torch.no_grad()
    def step(self, closure=None):
        beta1, beta2 = self.betas
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(beta1 * m + (1 - beta1) * p.grad)
                p -= group["lr"] * (update + self.weight_decay * p)
                self.state[p]["m"] = beta2 * m + (1 - beta2) * p.grad


def quadratic():
    a = torch.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    b = torch.tensor([1.0, -2.0, 0.5])
    x = torch.zeros(3, requires_grad=True)
    return [x], lambda: x @ a @ x / 2 - b @ x


def mlp():
    values = 0.8 * torch.sin(torch.arange(1.0, 14.0))
    w1, b1, w2, b2 = (
        values[i:j].clone().reshape(shape).requires_grad_()
        for i, j, shape in ((0, 6, (3, 2)), (6, 9, (3,)), (9, 12, (1, 3)), (12, 13, (1,)))
    )
    x = torch.cos(0.7 * torch.arange(16.0)).reshape(8, 2)
    y = (x[:, 0] ** 2 - x[:, 1]).reshape(8, 1)
    params = [w1, b1, w2, b2]

    def loss():
        residual = torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y
        return (residual**2).mean() + 0.05 * sum((p**2).sum() for p in params)

    return params, loss


def split_groups(params):
    """The first parameter at half the rate, the rest without weight decay."""
    return [dict(params=params[:1], lr=0.005), dict(params=params[1:], weight_decay=0.0)]


o = torch.optim
OPTIMISERS = {
    "sgd": lambda p: o.SGD(p, lr=0.05),
    "sgd_decay": lambda p: o.SGD(p, lr=0.05, weight_decay=0.1),
    "momentum": lambda p: o.SGD(p, lr=0.02, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: o.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "adam": lambda p: o.Adam(p, lr=0.05),
    "adam_decay": lambda p: o.Adam(p, lr=0.05, betas=(0.8, 0.95), weight_decay=0.1),
    "adamw": lambda p: o.AdamW(p, lr=0.05, weight_decay=0.1),
    "adamw_groups": lambda p: o.AdamW(split_groups(p), lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: o.RMSprop(p, lr=0.01),
    "rmsprop_full": lambda p: o.RMSprop(
        p, lr=0.01, alpha=0.98, momentum=0.5, centered=True, weight_decay=0.1),
    "lion": lambda p: Lion(p, lr=0.01, beta1=0.9, beta2=0.99, weight_decay=0.1),
    "lbfgs": lambda p: o.LBFGS(
        p, lr=0.2, max_iter=1, tolerance_grad=0, tolerance_change=0, history_size=10),
}

s = o.lr_scheduler
SCHEDULES = {
    "constant": lambda t: s.ConstantLR(t, factor=0.5, total_iters=1000),
    "step_decay": lambda t: s.StepLR(t, 30, 0.1),
    "exponential": lambda t: s.ExponentialLR(t, 0.97),
    "cosine": lambda t: s.CosineAnnealingLR(t, 100, eta_min=0.1),
    "warm_up": lambda t: s.LinearLR(t, start_factor=0.1, total_iters=10),
    "one_cycle": lambda t: s.OneCycleLR(t, max_lr=1.0, total_steps=100, cycle_momentum=False),
    "product": lambda t: s.ChainedScheduler([
        s.LinearLR(t, start_factor=0.1, total_iters=10), s.ExponentialLR(t, 0.97)], t),
    "sequence": lambda t: s.SequentialLR(t, [
        s.LinearLR(t, start_factor=0.1, total_iters=10), s.CosineAnnealingLR(t, 90)], [10]),
}
# The learning rate of the base optimiser is 1, and the gradient is scaled by 0.1 instead.
SCHEDULED_SCALE = 0.1


def numbers(values):
    return "{" + ", ".join(f"{float(v):.15g}" for v in values) + "}"


def flat(params):
    return torch.cat([p.detach().reshape(-1) for p in params])


def optimiser_rows():
    for name, make in OPTIMISERS.items():
        for problem in (quadratic, mlp):
            params, loss = problem()
            optimiser = make(params)

            def closure():
                optimiser.zero_grad()
                value = loss()
                value.backward()
                return value

            for step in range(1, max(CHECKPOINTS) + 1):
                closure()
                optimiser.step(closure)
                if step in CHECKPOINTS:
                    yield f'{{"{name}", "{problem.__name__}", {step}, {numbers(flat(params))}}}'


def schedule_rows():
    for name, make in SCHEDULES.items():
        params, loss = quadratic()
        optimiser = o.SGD(params, lr=1.0)
        scheduler = make(optimiser)
        factors = []
        for _ in range(100):
            factors.append(optimiser.param_groups[0]["lr"])
            optimiser.zero_grad()
            (SCHEDULED_SCALE * loss()).backward()
            optimiser.step()
            scheduler.step() if len(factors) < 100 else None
        factors = [factors[k] for k in SCHEDULE_STEPS]
        yield f'{{"{name}", {numbers(factors)}, {numbers(flat(params))}}}'


def plateau_factors():
    """Losses 1/k that stall from k = 20 on."""
    optimiser = o.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = s.ReduceLROnPlateau(optimiser, factor=0.5, patience=5, min_lr=0.01)
    for k in range(1, 101):
        scheduler.step(1 / min(k, 20))
        yield optimiser.param_groups[0]["lr"]


def table(rows):
    return ",\n".join("    " + row for row in rows)


print(f"""// Written by trajectories.py with PyTorch {torch.__version__.split('+')[0]}; see there.
// clang-format off
#pragma once

#include <vector>

namespace ito::reference {{

struct Trajectory {{
  const char* optimiser;
  const char* problem;
  int step;
  std::vector<double> parameters;
}};

struct Scheduled {{
  const char* schedule;
  std::vector<double> factors;     // at kScheduleSteps
  std::vector<double> parameters;  // after 100 steps on the quadratic
}};

inline const std::vector<int> kScheduleSteps{numbers(SCHEDULE_STEPS)};
inline constexpr double kScheduledScale = {SCHEDULED_SCALE};

inline const std::vector<double> kPlateau{numbers(plateau_factors())};

inline const std::vector<Scheduled> kScheduled{{
{table(schedule_rows())}}};

inline const std::vector<Trajectory> kTrajectories{{
{table(optimiser_rows())}}};

}}  // namespace ito::reference""")
