"""An encoder as BERT's over tokens, as a PyTorch module: which tokens does the answer come from? Needs torch and onnxscript.

Embeddings of tokens and positions, two layers of attention and feed-forward networks with layer normalisation between them, and a
classifier of the first token; weights are random. Tokens are given: they have the relevance of their embeddings. The boolean
relevance of positions is held against the module itself: a token that nothing leads to makes no difference to the answer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import kirchhoff

VOCABULARY, WIDTH, LENGTH, CLASSES = 50, 32, 8, 3


class Encoder(nn.Module):
    """Tokens [n, length] in, logits [n, classes] out."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.normalise = nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, activation="gelu", batch_first=True, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classifier = nn.Linear(WIDTH, CLASSES)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(self.normalise(self.tokens(tokens) + self.positions))
        logits: torch.Tensor = self.classifier(hidden[:, 0])
        return logits


torch.manual_seed(0)
module = Encoder().eval()
tokens = torch.randint(0, VOCABULARY, (4, LENGTH))
network = kirchhoff.from_torch(module, tokens[:1])
with torch.no_grad():
    difference = float((network(tokens) - module(tokens)).abs().max())
print(f"{network}; outputs differ by {difference:.1e} at most")
assert difference < 1e-4

real = network.explain(tokens, semiring="real", rules="attention")
relevance = np.asarray(real.relevance)
assert relevance.shape == (4, LENGTH) and np.isfinite(relevance).all() and relevance.any(axis=1).all()
for row, sentence in zip(relevance, tokens.tolist()):
    print(" ".join(f"{token}:{share:+.3f}" for token, share in zip(sentence, row)))

best = np.asarray(network.explain(tokens, semiring="viterbi").relevance)
print("strongest path to each token of the first sentence:", np.round(best[0], 4))
assert (best > 0).any(axis=1).all()
