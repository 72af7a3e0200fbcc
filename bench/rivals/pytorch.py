"""PyTorch on the CPU, or on CUDA where there is one: every work. Speaks the protocol of serve.ts."""
import json
import math
import re
import sys
import time

import torch
import torch.nn.functional as F

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)
device = "cuda" if torch.cuda.is_available() else "cpu"


def numbers(shape, factor, scale=1.0):
    i = torch.arange(math.prod(shape), dtype=torch.int64)
    return (((i * factor) % 2003).double() / 1001 - 1).mul(scale).float().reshape(shape).to(device)


def peak_bytes():
    """Largest resident size of this program, on CUDA the most that PyTorch allocated; ru_maxrss would count the process it was started from."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    with open("/proc/self/status") as status:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))


def matmul(m, k, n):
    x, w = numbers((m, k), 7919), numbers((n, k), 104729)
    run = lambda: x @ w.T
    return run, lambda: run()[0, :4].tolist()


def weight_gradient(t, n, k):
    dy, x = numbers((t, n), 7919), numbers((t, k), 104729)
    run = lambda: dy.T @ x
    return run, lambda: run()[0, :4].tolist()


def head_inputs(t, v, d):
    x, w = numbers((t, d), 7919), numbers((v, d), 104729, 0.3)
    target = (torch.arange(t) * 31 % v).to(device)
    return x, w, target


def head(t, v, d):
    x, w, target = head_inputs(t, v, d)

    def run():
        with torch.no_grad():
            z = (x @ w.T).log_softmax(-1)
            return z.gather(1, target[:, None]), -(z.exp() * z).sum(-1)

    def values():
        log_prob, entropy = run()
        return [log_prob[0, 0].item(), entropy[0].item(), log_prob[-1, 0].item(), entropy[-1].item()]

    return run, values


def head_backward(t, v, d):
    x, w, target = head_inputs(t, v, d)
    x.requires_grad_(), w.requires_grad_()
    z = (x @ w.T).log_softmax(-1)
    loss = z.gather(1, target[:, None]).sum() / t

    def run():
        x.grad = w.grad = None
        loss.backward(retain_graph=True)

    def values():
        run()
        return x.grad[0, :2].tolist() + w.grad[0, :2].tolist()

    return run, values


def attention(heads, t, d):
    q, k, v = (numbers((heads, t, d), f) for f in (7919, 104729, 1299709))
    mask = torch.full((t, t), float("-inf"), device=device).triu(1)

    def run():
        with torch.no_grad():
            return ((q @ k.transpose(1, 2)) / math.sqrt(d) + mask).softmax(-1) @ v

    return run, lambda: run()[0, -1, :4].tolist()


class Decoder(torch.nn.Module):
    def __init__(self, layers, d, heads, kv, ff, vocabulary):
        super().__init__()
        self.heads, self.kv, self.width = heads, kv, d // heads
        factor = iter(range(7921, 10**6, 2))
        P = lambda *shape: torch.nn.Parameter(numbers(shape, next(factor), 0.03))
        one = lambda: torch.nn.Parameter(torch.ones(d, device=device))
        zero = lambda n: torch.nn.Parameter(torch.zeros(n, device=device))
        self.embedding, self.norm, self.layers = P(vocabulary, d), one(), torch.nn.ModuleList()
        for _ in range(layers):
            layer = torch.nn.Module()
            layer.n1, layer.n2 = one(), one()
            layer.qkv, layer.bias = P((heads + 2 * kv) * self.width, d), zero((heads + 2 * kv) * self.width)
            layer.o, layer.gate_up, layer.down = P(d, d), P(2 * ff, d), P(d, ff)
            self.layers.append(layer)
        half = self.width // 2
        inverse = 10000 ** (-torch.arange(half).float() / half)
        angle = (torch.arange(4096).float()[:, None] * inverse).to(device)
        self.cos, self.sin = angle.cos(), angle.sin()

    def forward(self, ids, cache=None, at=0):
        rows, length = ids.shape
        x = self.embedding[ids]
        cos, sin = self.cos[at : at + length], self.sin[at : at + length]
        mask = torch.full((length, length), float("-inf"), device=device).triu(1) if length > 1 else None
        norm = lambda x, w: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * w

        def rope(x):
            a, b = x.chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        sizes = [self.heads * self.width, self.kv * self.width, self.kv * self.width]
        split = lambda x, n: x.view(rows, length, n, self.width).transpose(1, 2)
        for i, layer in enumerate(self.layers):
            q, k, v = F.linear(norm(x, layer.n1), layer.qkv, layer.bias).split(sizes, -1)
            q, k, v = rope(split(q, self.heads)), rope(split(k, self.kv)), split(v, self.kv)
            if cache is not None:
                keys, values = cache[i]
                keys[:, :, at : at + length], values[:, :, at : at + length] = k, v
                k, v = keys[:, :, : at + length], values[:, :, : at + length]
            k, v = (one.repeat_interleave(self.heads // self.kv, 1) for one in (k, v))
            scores = q @ k.transpose(-1, -2) / math.sqrt(self.width)
            if mask is not None:
                scores = scores + mask
            attended = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, sizes[0])
            x = x + F.linear(attended, layer.o)
            gate, up = F.linear(norm(x, layer.n2), layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        return F.linear(norm(x, self.norm), self.embedding)


def step(rows, length, layers, d, heads, kv, ff, vocabulary):
    model = Decoder(layers, d, heads, kv, ff, vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    ids = (torch.arange(rows * (length + 1)) * 7919 % vocabulary).reshape(rows, length + 1).to(device)

    def run():
        logits = model(ids[:, :-1]).reshape(-1, vocabulary)
        loss = F.cross_entropy(logits, ids[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run, lambda: [run().item(), peak_bytes()]


def decode(rows, cached, layers, d, heads, kv, ff, vocabulary):
    model = Decoder(layers, d, heads, kv, ff, vocabulary)
    cache = [
        tuple(torch.zeros(rows, kv, 2 * cached, d // heads, device=device) for _ in range(2))
        for _ in range(layers)
    ]
    state = {"ids": torch.zeros(rows, 1, dtype=torch.long, device=device)}

    def run():
        with torch.no_grad():
            logits = model(state["ids"], cache, cached)
            state["ids"] = torch.multinomial(logits[:, -1].softmax(-1), 1)

    return run, lambda: (run(), [float(state["ids"].shape[0])])[1]


works = {
    "peak": lambda: (None, lambda: [peak_bytes()]),
    "matmul": matmul,
    "weight_gradient": weight_gradient,
    "head": head,
    "head_backward": head_backward,
    "attention": attention,
    "step": step,
    "decode": decode,
}
prepared = {}
for line in sys.stdin:
    request = json.loads(line)
    key = (request["work"], *request["shape"])
    try:
        if key not in prepared:
            prepared[key] = works[request["work"]](*request["shape"])
        run, values = prepared[key]
        if request["repeat"] == 0:
            answer = {"values": values()}
        else:
            start = time.perf_counter()
            for _ in range(request["repeat"]):
                run()
            if device == "cuda":
                torch.cuda.synchronize()
            answer = {"milliseconds": (time.perf_counter() - start) * 1000 / request["repeat"]}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
