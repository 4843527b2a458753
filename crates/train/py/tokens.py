"""The tokenizer of the base model, built from the GGUF metadata."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers


def build(meta):
    """Byte-level BPE with every digit alone and no space put in front.

    This is what llama.cpp does for `tokenizer.ggml.pre = "smollm"`.
    """
    vocab = {token: i for i, token in enumerate(meta["tokenizer.ggml.tokens"])}
    merges = [tuple(pair.split(" ")) for pair in meta["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
