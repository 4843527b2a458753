"""A Llama-type model on GGUF weights with LoRA adapters, for training on a CPU.

Weights stay in the row order of the GGUF file: query and key rows are interleaved
for rotary positions (dimension pairs 2i, 2i+1), so an adapter trained here fits
the file as llama.cpp and carvoice read it. The frozen weights and the inputs of
their products are bfloat16, which AVX-512 machines multiply several times faster
than f32; the residual stream, the norms, attention and the adapters are f32.
"""

import math

import torch
import torch.nn.functional as F

PROJECTIONS = (
    "attn_q",
    "attn_k",
    "attn_v",
    "attn_output",
    "ffn_gate",
    "ffn_up",
    "ffn_down",
)
# Projections of the same input are one matrix product.
GROUPS = (
    ("attn_q", "attn_k", "attn_v"),
    ("attn_output",),
    ("ffn_gate", "ffn_up"),
    ("ffn_down",),
)


class _LoraLinear(torch.autograd.Function):
    """y = x W' + (x A') B' with W frozen; all products in bfloat16."""

    @staticmethod
    def forward(ctx, x, weight, a, b):
        low_a, low_b = a.bfloat16(), b.bfloat16()
        h = x @ low_a.t()
        y = x @ weight.t()
        y.addmm_(h, low_b.t())
        ctx.save_for_backward(x, h, weight, low_a, low_b)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, h, weight, a, b = ctx.saved_tensors
        g = dy @ b
        dx = None
        if ctx.needs_input_grad[0]:
            dx = dy @ weight
            dx.addmm_(g, a)
        return dx, None, (g.t() @ x).float(), (dy.t() @ h).float()


class _Norm(torch.autograd.Function):
    """Root mean square norm, f32 in, bfloat16 out."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        inverse = torch.rsqrt(
            torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps)
        )
        ctx.save_for_backward(x, weight, inverse)
        return (x * inverse).mul_(weight).bfloat16()

    @staticmethod
    def backward(ctx, dy):
        x, weight, inverse = ctx.saved_tensors
        g = dy.float().mul_(weight)
        dot = (g * x).sum(-1, keepdim=True)
        dot.mul_(inverse.pow(3)).div_(x.shape[-1])
        return g.mul_(inverse).addcmul_(x, dot, value=-1), None, None


class Model:
    """The network; `rank` 0 means without adapters, `skip` is the number of
    layers, from the first, that get none."""

    def __init__(self, meta, weights, rank=16, alpha=32.0, seed=0, skip=0):
        arch = meta["general.architecture"]
        self.layers = meta[f"{arch}.block_count"]
        self.heads = meta[f"{arch}.attention.head_count"]
        self.kv_heads = meta[f"{arch}.attention.head_count_kv"]
        self.width = meta[f"{arch}.embedding_length"]
        self.size = self.width // self.heads
        self.eps = meta[f"{arch}.attention.layer_norm_rms_epsilon"]
        base = meta[f"{arch}.rope.freq_base"]
        self.rank, self.alpha, self.scale, self.skip = rank, alpha, alpha / max(rank, 1), skip
        tensors = {k: torch.from_numpy(v) for k, v in weights.items()}
        self.embedding = tensors["token_embd.weight"]
        self.head = self.embedding.bfloat16()
        self.final_norm = tensors["output_norm.weight"]
        self.norms = [
            tuple(tensors[f"blk.{i}.{n}.weight"] for n in ("attn_norm", "ffn_norm"))
            for i in range(self.layers)
        ]
        self.rows = {p: tensors[f"blk.0.{p}.weight"].shape[0] for p in PROJECTIONS}
        self.weights = {
            (i, group): torch.cat([tensors[f"blk.{i}.{p}.weight"] for p in group]).bfloat16()
            for i in range(self.layers)
            for group in GROUPS
        }
        self.lora = {}
        generator = torch.Generator().manual_seed(seed)
        for i in range(skip, self.layers if rank else skip):
            for group in GROUPS:
                columns = self.weights[i, group].shape[1]
                for p in group:
                    a = torch.randn(rank, columns, generator=generator) / math.sqrt(columns)
                    b = torch.zeros(self.rows[p], rank)
                    self.lora[i, p] = (a.requires_grad_(), b.requires_grad_())
        angles = torch.arange(512).float()[:, None] * base ** (
            -torch.arange(0, self.size, 2).float() / self.size
        )
        self.cos, self.sin = angles.cos(), angles.sin()

    def parameters(self):
        """The trainable tensors, in a fixed order."""
        return [tensor for pair in self.lora.values() for tensor in pair]

    def merge(self):
        """Adds the adapters to the frozen weights: faster, for evaluation only."""
        for i, group in self.weights if self.lora else ():
            if i >= self.skip:
                delta = torch.cat(
                    [self.scale * (self.lora[i, p][1] @ self.lora[i, p][0]).detach() for p in group]
                )
                total = self.weights[i, group].float() + delta
                self.weights[i, group] = total.bfloat16()
        self.lora = {}

    def _linear(self, x, i, group):
        weight = self.weights[i, group]
        if (i, group[0]) not in self.lora:
            return x @ weight.t()
        pairs = [self.lora[i, p] for p in group]
        a = torch.cat([pair[0] for pair in pairs])
        b = torch.block_diag(*[pair[1] for pair in pairs]) * self.scale
        return _LoraLinear.apply(x, weight, a, b)

    def _rotate(self, x, positions):
        cos, sin = self.cos[positions].unsqueeze(-2), self.sin[positions].unsqueeze(-2)
        x = x.unflatten(-1, (-1, 2))
        even, odd = x[..., 0], x[..., 1]
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)

    def _attend(self, q, k, v, mask):
        """Grouped attention: the heads of a group are more rows of its queries."""
        batch, time = q.shape[:2]
        group = self.heads // self.kv_heads
        q = q.view(batch, time, self.kv_heads, group, self.size).permute(0, 2, 3, 1, 4)
        q = q.reshape(batch * self.kv_heads, group * time, self.size)
        k = k.transpose(1, 2).reshape(batch * self.kv_heads, -1, self.size)
        v = v.transpose(1, 2).reshape(batch * self.kv_heads, -1, self.size)
        scores = torch.baddbmm(
            mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(self.size)
        )
        mixed = torch.bmm(scores.softmax(-1), v)
        mixed = mixed.view(batch, self.kv_heads, group, time, self.size)
        return mixed.permute(0, 3, 1, 2, 4).reshape(batch * time, -1)

    def hidden(self, ids, cache=None, start=0, layout=None):
        """Normed hidden states [batch, time, width] of `ids` [batch, time].

        `cache` is a list with one entry per layer, at first `None`; it takes the
        keys and values, and `start` is then the number of tokens it holds.
        `layout` is given where a row is more than one sequence: the position of
        every token [batch, time], and what it does not see [batch, time, time].
        """
        batch, time = ids.shape
        x = self.embedding[ids.reshape(-1)]
        group = self.heads // self.kv_heads
        if layout is None:
            positions = torch.arange(start, start + time)
            mask = torch.full((time, start + time), -1e30).triu(start + 1).repeat(group, 1)
        else:
            positions, unseen = layout
            mask = torch.zeros(unseen.shape).masked_fill_(unseen, -1e30)
            mask = mask.repeat(1, group, 1).repeat_interleave(self.kv_heads, 0)
        kv = self.kv_heads * self.size
        for i, (norm1, norm2) in enumerate(self.norms):
            h = _Norm.apply(x, norm1, self.eps)
            qkv = self._linear(h, i, GROUPS[0]).float().view(batch, time, -1, self.size)
            turned = self._rotate(qkv[:, :, : -self.kv_heads], positions)
            q, k = turned[:, :, : self.heads], turned[:, :, self.heads :]
            v = qkv[:, :, -self.kv_heads :]
            if cache is not None:
                if cache[i] is not None:
                    k, v = torch.cat((cache[i][0], k), 1), torch.cat((cache[i][1], v), 1)
                cache[i] = (k, v)
            x = x + self._linear(self._attend(q, k, v, mask).bfloat16(), i, GROUPS[1])
            gate, up = self._linear(_Norm.apply(x, norm2, self.eps), i, GROUPS[2]).chunk(2, -1)
            x = x + self._linear(F.silu(gate) * up, i, GROUPS[3])
        return _Norm.apply(x, self.final_norm, self.eps).view(batch, time, -1)

    def logits(self, hidden):
        """Logits over the vocabulary (tied embedding) of hidden states [n, width]."""
        return F.linear(hidden.bfloat16(), self.head).float()
