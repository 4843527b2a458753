"""Tests of the trainer that need no model: `python3 -m unittest tests`."""

import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import torch

import adapter
import catalogue
import generate
import values
from grammar import Grammar
from model import GROUPS, Model

TEMPLATES = sorted((generate.HERE / "templates").glob("*.txt"))


class Language(unittest.TestCase):
    """The prompt and output formats."""

    def test_prompt_keeps_what_numbers_and_names_need(self):
        self.assertEqual(
            catalogue.normalize("  Set it to 21.5,  Mum's car - 50% at 7:30!"),
            "set it to 21.5 mum's car - 50% at 7:30",
        )

    def test_slots_follow_the_catalogue(self):
        line = catalogue.command("timer.start", {"label": "tea", "duration": 60})
        self.assertEqual(line, "timer.start duration=60 label=tea")
        with self.assertRaises(ValueError):
            catalogue.command("timer.start", {"state": "on"})

    def test_spans_are_the_free_text_values(self):
        line = "message.send contact=mum text=see you at 5 ; volume.set level=3"
        self.assertEqual(generate.spans(line), ["mum", "see you at 5"])

    def test_hand_written_sentences_are_legal(self):
        for row in (generate.HERE / "dev" / "hand.tsv").read_text().splitlines():
            prompt, output = row.split("\t")
            self.assertEqual(catalogue.normalize(prompt), prompt)
            for part in output.split(" ; "):
                self.assertIn(part.split(" ")[0], {*catalogue.SLOTS, catalogue.NONE}, row)


class Sentences(unittest.TestCase):
    """The generator."""

    def test_every_template_gives_a_legal_line(self):
        grammar, rng = Grammar(TEMPLATES), random.Random(3)
        for block in grammar.blocks:
            for template in block.templates:
                bound = {}
                grammar.expand(template.nodes, rng, bound)
                generate.fill(template.output, bound)

    def test_every_intent_is_taught(self):
        outputs = {b.output.split(" ")[0] for b in Grammar(TEMPLATES).blocks}
        self.assertEqual(set(catalogue.SLOTS) - outputs, set())

    def test_split_is_by_template(self):
        train = {row[2] for row in generate.make(3000, 1, held_out=False)}
        held = {row[2] for row in generate.make(300, 2, held_out=True)}
        self.assertEqual(train & held, set())

    def test_same_seed_same_sentences(self):
        self.assertEqual(generate.make(50, 5, False), generate.make(50, 5, False))

    def test_fahrenheit_and_rounding(self):
        self.assertEqual(values.half((70 - 32) * 5 / 9), 21)
        self.assertEqual(values.half(21.25), 21.5)

    def test_a_missing_data_folder_is_said_and_not_fatal(self):
        with tempfile.TemporaryDirectory() as folder:
            missing, out = pathlib.Path(folder) / "absent", pathlib.Path(folder) / "out"
            done = subprocess.run(
                [sys.executable, generate.HERE / "mapped.py", "--source", missing, out],
                capture_output=True,
                text=True,
                check=True,
            )
            self.assertIn("goes on without", done.stdout)
            self.assertFalse(out.exists())


def _tiny():
    """Metadata and random weights of a two-layer model."""
    generator = torch.Generator().manual_seed(1)
    shapes = {
        "attn_q": (16, 16),
        "attn_k": (8, 16),
        "attn_v": (8, 16),
        "attn_output": (16, 16),
        "ffn_gate": (24, 16),
        "ffn_up": (24, 16),
        "ffn_down": (16, 24),
    }
    weights = {
        "token_embd.weight": torch.randn(32, 16, generator=generator).numpy(),
        "output_norm.weight": torch.ones(16).numpy(),
    }
    for i in range(2):
        weights[f"blk.{i}.attn_norm.weight"] = weights[f"blk.{i}.ffn_norm.weight"] = torch.ones(
            16
        ).numpy()
        for name, shape in shapes.items():
            weights[f"blk.{i}.{name}.weight"] = (
                torch.randn(*shape, generator=generator) / 4
            ).numpy()
    meta = {
        "general.architecture": "llama",
        "llama.block_count": 2,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.embedding_length": 16,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
    }
    return meta, weights


class Training(unittest.TestCase):
    """The model, its gradients and the adapter file, on a tiny random model."""

    def test_cache_gives_what_the_whole_sequence_gives(self):
        model = Model(*_tiny(), rank=0)
        ids = torch.tensor([[3, 7, 1, 9, 4]])
        whole = model.hidden(ids).float()
        cache = [None] * model.layers
        first = model.hidden(ids[:, :3], cache, 0).float()
        rest = model.hidden(ids[:, 3:], cache, 3).float()
        self.assertLess((whole - torch.cat((first, rest), 1)).abs().max(), 0.05)

    def test_steps_lower_the_loss_and_merging_keeps_the_function(self):
        from train import loss_of

        model = Model(*_tiny(), rank=4, alpha=8.0)
        batch = [([1, 2, 3], [4, 5]), ([6, 7], [8, 9])]
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.0)
        before = loss_of(model, batch).item()
        for _ in range(30):
            optimizer.zero_grad()
            loss_of(model, batch).backward()
            optimizer.step()
        after = loss_of(model, batch).item()
        self.assertLess(after, before / 2)
        model.merge()
        self.assertAlmostEqual(loss_of(model, batch).item(), after, delta=0.2)

    def test_adapter_file_comes_back(self):
        model = Model(*_tiny(), rank=4)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.safetensors"
            adapter.write(path, model.lora, 4, 8.0, {"step": "1"})
            meta, pairs = adapter.read(path)
        self.assertEqual((meta["rank"], meta["alpha"], meta["format"]), ("4", "8", "1"))
        self.assertEqual(len(pairs), 2 * sum(map(len, GROUPS)))
        a, b = pairs[1, "attn_k"]
        self.assertEqual((a.shape, b.shape), ((4, 16), (8, 4)))


if __name__ == "__main__":
    unittest.main()
