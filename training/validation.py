"""The quick look at the validation pictures while a run goes on; evaluate.py is the full one."""
import numpy as np
import torch

import metrics
import vectors
from corpus import Corpus
from model import Clip
from prompts import bank_ids
from tokenizer import Tokenizer


def quick(model: Clip, tokenizer: Tokenizer, corpus: Corpus, size: int, device: str, autocast: object = None) -> dict[str, float]:
    """Shares: hits on labels that were trained (all labels answer), on those held out (all answer; only they answer), captions."""
    place = {index: i for i, index in enumerate(corpus.validation)}
    image = vectors.of_pictures(model, corpus.views, size, device, autocast)
    bank = vectors.of_labels(model, bank_ids(tokenizer, corpus.labels), device)
    label = corpus.label[corpus.validation]
    result = {}
    trained = (label >= 0) & ~corpus.held[label]
    for k in (1, 5):
        result[f"top{k}"] = float(hits_of(image, bank, label, trained, k).mean())
    if corpus.held.any():
        held = (label >= 0) & corpus.held[label]
        among = np.cumsum(corpus.held) - 1  # position of a held-out label among them
        result["held_top1"] = float(hits_of(image, bank, label, held, 1).mean())
        result["held_top1_among_held"] = float(hits_of(image, bank[torch.from_numpy(corpus.held)], among[label], held, 1).mean())
    if corpus.validation_captions:
        asked = torch.tensor([place[i] for i in corpus.validation_captions])
        texts = [(n, t) for n, i in enumerate(corpus.validation_captions) for t in corpus.validation_captions[i]]
        owner = torch.tensor([n for n, _ in texts])
        text = vectors.of_texts(model, tokenizer, [t for _, t in texts], device)
        result["caption_r5"] = float(np.mean([found.mean() for found in metrics.recall(image[asked], text, owner, 5)]))
    return result


def hits_of(image: torch.Tensor, bank: torch.Tensor, label: np.ndarray, which: np.ndarray, k: int) -> np.ndarray:
    return metrics.hits(image[torch.from_numpy(which)], bank, torch.from_numpy(label[which]), k)
