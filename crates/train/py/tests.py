"""Tests of the trainer that need no model: `python3 -m unittest tests`."""

import argparse
import collections
import io
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import torch

import adapter
import catalogue
import confusions
import declared
import generate
import progress
import train
import values
from grammar import HELD_OUT, Grammar
from model import GROUPS, Model

# The catalogue without what `declared` adds to it.
_SHIPPED = frozenset(catalogue.SLOTS)
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
        for row in (generate.HERE.parent / "dev" / "hand.tsv").read_text().splitlines():
            prompt, output = row.split("\t")
            self.assertEqual(catalogue.normalize(prompt), prompt)
            for part in output.split(" ; "):
                known = {*catalogue.SLOTS, catalogue.NONE, catalogue.LATER}
                self.assertIn(part.split(" ")[0], known, row)

    def test_a_line_is_read_as_it_is_written(self):
        line = "message.send contact=mum text=a=b is late ; media.pause"
        self.assertEqual(
            catalogue.commands(line),
            [("message.send", {"contact": "mum", "text": "a=b is late"}), ("media.pause", {})],
        )
        self.assertEqual(catalogue.commands(catalogue.LATER), [])


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
        wanted = {*_SHIPPED, catalogue.NONE, catalogue.LATER}
        self.assertEqual(wanted - outputs, set())

    def test_written_sentences_have_their_share(self):
        drawn = collections.Counter(row[2] for row in generate.make(20000, 1, held_out=False))
        counts = []
        for block in Grammar(TEMPLATES).blocks:
            for template in block.templates:
                if template.file.startswith(generate.WRITTEN) and template.number() % HELD_OUT:
                    counts.append(drawn[template.family])
        # 4 to 12 of 80,000 are 1 to 3 here.
        self.assertGreater(sum(counts) / len(counts), 0.7)
        self.assertLess(sum(count > 12 for count in counts) / len(counts), 0.01)

    def test_a_quarter_is_nothing_or_for_later(self):
        rows = generate.make(5000, 4, held_out=False)
        idle = sum(row[1] in (catalogue.NONE, catalogue.LATER) for row in rows) / len(rows)
        self.assertTrue(0.18 < idle < 0.3, idle)
        self.assertGreater(sum(row[1] == catalogue.LATER for row in rows), 100)

    def test_split_is_by_template(self):
        train = {row[2] for row in generate.make(3000, 1, held_out=False)}
        held = {row[2] for row in generate.make(300, 2, held_out=True)}
        self.assertEqual(train & held, set())

    def test_answers_in_a_conversation_are_legal(self):
        rows = [row for row in generate.make(6000, 6, held_out=False) if "\\n" in row[0]]
        self.assertGreater(len(rows), 400)
        for prompt, output, _ in rows:
            line, words = prompt.split("\\n")
            lead, rest = line.split(" ", 1)
            self.assertIn(lead, ("after", "confirm", "ask"))
            slot, _, command = rest.partition(" ") if lead == "ask" else ("", "", rest)
            ((intent, _),) = catalogue.commands(command)
            if slot:
                self.assertIn(slot, catalogue.SLOTS[intent].split())
            self.assertEqual(catalogue.normalize(words), words)
            for name, slots in catalogue.commands(output):
                self.assertEqual(set(slots) - set(catalogue.SLOTS[name].split()), set())

    def test_declared_examples_name_what_the_lines_declare(self):
        rows = declared.examples(400, pathlib.Path("absent"), 3)
        ours = added = 0
        for prompt, output, _ in rows:
            *lines, _ = prompt.split("\\n")
            names = {line.split(" ")[1] for line in lines}
            self.assertTrue(lines and all(line.startswith("new ") for line in lines))
            for part in output.split(" ; "):
                name = part.split(" ")[0]
                added += name in names
                ours += name in _SHIPPED
                known = {*_SHIPPED, *names, catalogue.NONE, catalogue.LATER}
                self.assertIn(name, known, prompt)
        self.assertTrue(added > ours > 0)

    def test_reserved_skills_are_not_taught(self):
        for path in (generate.HERE / "skills").glob("*.txt"):
            self.assertIsNone(declared.RESERVED.search(path.read_text()), path)

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


class Hearing(unittest.TestCase):
    """What is heard instead of what was said."""

    def test_words_heard_otherwise_are_paired(self):
        heard = "turn on the rear window to frost please"
        spoken = "turn on the rear window defroster please"
        self.assertEqual(list(confusions.pairs(spoken, heard)), [("defroster", "to frost")])

    def test_digits_and_rubbish_are_no_confusions(self):
        self.assertEqual(list(confusions.pairs("set it to twenty one", "set it to 21")), [])
        self.assertEqual(list(confusions.pairs("close the back windows", "klossnemark")), [])

    def test_noise_is_as_loud_as_said(self):
        noise = confusions.car_noise(16000, np.random.default_rng(1))
        self.assertAlmostEqual(float(np.sqrt(np.mean(noise**2))), 1.0, delta=0.1)


class Curve(unittest.TestCase):
    """The table and the plot of the loss."""

    def test_steps_are_noted_once_in_ten_and_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "loss.tsv"
            out = io.StringIO()
            shown = progress.Progress(table, 40, 0, 0.0, out)
            for step in range(1, 41):
                shown.tell(step, 4.0 / step, 1e-3, step * 20)
            points = progress.read(table)
        self.assertEqual([step for step, _ in points], [10, 20, 30, 40])
        self.assertIn("step 40/40 loss 0.1000", out.getvalue())
        picture = progress.plot(points)
        self.assertTrue(picture.startswith("<svg") and picture.endswith("</svg>\n"))

    def test_the_rate_is_constant_then_falls(self):
        args = argparse.Namespace(lr=1.0, warmup=10, steps=100, tail=40)
        rates = [train.rate(step, args) for step in (0, 9, 59, 60, 80, 99)]
        self.assertEqual(rates[:4], [0.1, 1.0, 1.0, 1.0])
        self.assertTrue(1.0 > rates[4] > rates[5] >= 0.05)


def _pack(prompt, output):
    return train.Pack([], [(prompt, output, [1.0] * len(output))])


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
        model = Model(*_tiny(), rank=4, alpha=8.0)
        batch = [_pack([1, 2, 3], [4, 5]), _pack([6, 7], [8, 9])]
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.0)
        before = train.loss_of(model, batch).item()
        for _ in range(30):
            optimizer.zero_grad()
            train.loss_of(model, batch).backward()
            optimizer.step()
        after = train.loss_of(model, batch).item()
        self.assertLess(after, before / 2)
        model.merge()
        self.assertAlmostEqual(train.loss_of(model, batch).item(), after, delta=0.2)

    def test_examples_of_a_pack_do_not_see_each_other(self):
        model = Model(*_tiny(), rank=0)
        shared, pairs = [3, 7, 1], (([4, 5], [6, 2]), ([9], [8, 2]), ([1, 2, 3], [7]))
        examples = [(prompt, output, [1.0] * len(output)) for prompt, output in pairs]
        apart = [train.Pack(shared, [example]) for example in examples]
        losses = [train.loss_of(model, [pack]).item() * pack.outputs for pack in apart]
        together = train.Pack(shared, examples)
        loss = train.loss_of(model, [together, _pack([1], [2])])
        alone = train.loss_of(model, [_pack([1], [2])]).item()
        self.assertAlmostEqual(loss.item() * 6, sum(losses) + alone, delta=0.05)

    def test_digits_of_numbers_that_were_said_weigh_little(self):
        line = "timer.start duration=330 label=7 up ; phone.call number=112 ; climate.set_temperature temperature=21.5\n"
        light = train.numbers_said("five and a half minutes", line)
        self.assertEqual([line[a:b] for a, b in light], ["330", "21.5"])
        self.assertEqual(train.numbers_said("open everything", "window.set position=100 zone=all\n"), [])

    def test_rows_with_the_same_declarations_are_one_pack(self):
        rows = ["new a.b : do\\nsay\ta.b\td", "new a.b : do\\nno\tnone\td", "after x\\nup\ty\td", "on\tz\td"]
        packs = train.packs(rows)
        self.assertEqual([len(examples) for _, examples in packs], [2, 1, 1])
        self.assertEqual(packs[0], ("new a.b : do", [("say", "a.b"), ("no", "none")]))
        self.assertEqual(packs[1], ("", [("after x\nup", "y")]))

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

    def test_training_goes_on_from_an_adapter_of_another_alpha(self):
        first, second = (Model(*_tiny(), rank=4, alpha=alpha, seed=3) for alpha in (8.0, 16.0))
        batch = [_pack([1, 2, 3], [4, 5])]
        with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
            chance = torch.Generator().manual_seed(5)
            bare = train.loss_of(first, batch).item()
            for _, b in first.lora.values():
                b.normal_(std=0.3, generator=chance)
            path = pathlib.Path(folder) / "a.safetensors"
            adapter.write(path, first.lora, 4, 8.0, {})
            train.start(second, path)
            wanted, got = (train.loss_of(model, batch).item() for model in (first, second))
            # The products are bfloat16.
            self.assertAlmostEqual(got, wanted, delta=0.1 * abs(bare - wanted))
            with self.assertRaises(SystemExit):
                train.start(Model(*_tiny(), rank=2), path)


if __name__ == "__main__":
    unittest.main()
