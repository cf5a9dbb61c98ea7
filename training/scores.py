"""One checkpoint's scores, picture by picture, so that two checkpoints can be compared on the same pictures."""
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

import metrics
import temperature
import vectors
from measured import Measured, Pictures
from model import Clip
from prompts import bank_ids, names_of
from tokenizer import Tokenizer


@dataclass(frozen=True)
class Score:
    values: np.ndarray  # float [M], one a picture
    group: np.ndarray | None = None  # int [M]: mean over groups instead of pictures


@dataclass
class Scores:
    score: dict[str, Score] = field(default_factory=dict)
    by_source: dict[str, dict[str, Score]] = field(default_factory=dict)
    label: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # of the labelled validation pictures
    answer: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # nearest label of each
    temperature: dict[str, float] = field(default_factory=dict)


class Scorer:
    def __init__(self, model: Clip, tokenizer: Tokenizer, on: Measured, size: int | None = None) -> None:
        self.model, self.tokenizer, self.on = model, tokenizer, on
        self.size = size or model.config["image_size"]
        self.image = vectors.of_pictures(model, on.validation.views(self.size), self.size)
        self.bank = vectors.of_labels(model, bank_ids(tokenizer, on.labels))
        self.labelled = np.flatnonzero(on.validation.label >= 0)
        self.label = on.validation.label[self.labelled]

    def run(self, held: np.ndarray) -> Scores:
        """held bool [labels]: those that the checkpoint was not trained on; none: they are not told apart"""
        out = Scores(label=self.label, temperature=self._temperature())
        image = self.image[self.labelled]
        out.answer = (image @ self.bank.T).argmax(1).numpy()
        hit = {k: self._hits(self.labelled, self.bank, k) for k in (1, 5)}
        out.score = {"top-1": Score(hit[1]), "top-5": Score(hit[5]), "top-1, mean over labels": Score(hit[1], self.label)}
        source = self.on.validation.source[self.labelled]
        for name in sorted(set(source), key=lambda s: (-(source == s).sum(), s)):
            out.by_source[name] = {f"top-{k}": Score(hit[k][source == name]) for k in (1, 5)}
        out.score |= self._held(held, hit) if held.any() else {}
        out.score |= self._synonyms(hit) | self._retrieval()
        return out

    def _hits(self, places: np.ndarray, bank: Tensor, k: int, label: np.ndarray | None = None) -> np.ndarray:
        truth = self.on.validation.label[places] if label is None else label
        return metrics.hits(self.image[torch.from_numpy(places)], bank, torch.from_numpy(truth), k).astype(float)

    def _held(self, held: np.ndarray, hit: dict[int, np.ndarray]) -> dict[str, Score]:
        out = held[self.label]
        rank = np.cumsum(held) - 1  # position of a held-out label among them
        among = self.bank[torch.from_numpy(held)]
        scores = {f"trained labels, top-{k}": Score(hit[k][~out]) for k in (1, 5)}
        scores |= {f"held-out labels, all answer, top-{k}": Score(hit[k][out]) for k in (1, 5)}
        return scores | {f"held-out labels, only they answer, top-{k}": Score(self._hits(self.labelled[out], among, k, rank[self.label[out]])) for k in (1, 5)}

    def _synonyms(self, hit: dict[int, np.ndarray]) -> dict[str, Score]:
        """labels with other names under the mean of these; labels without stay as they are"""
        names = [forms[1:] for forms in names_of(self.on.labels, self.on.alternatives, 1)]
        bank = self.bank.clone()
        for place, forms in enumerate(names):
            if forms:
                bank[place] = vectors.of_labels(self.model, bank_ids(self.tokenizer, forms).flatten(0, 1)[:, None])[0]
        asked = np.array([bool(names[label]) for label in self.label])
        return {
            "labels with synonyms, own name, top-1": Score(hit[1][asked]),
            "labels with synonyms, synonyms only, top-1": Score(self._hits(self.labelled[asked], bank, 1)),
        }

    def _retrieval(self) -> dict[str, Score]:
        captions = self.on.validation.captions
        asked = np.flatnonzero(self.on.validation.source == "flickr8k")
        owner = torch.tensor([n for n, i in enumerate(asked) for _ in captions[i]])
        text = vectors.of_texts(self.model, self.tokenizer, [t for i in asked for t in captions[i]])
        scores = {}
        for k in (1, 5):
            to_picture, to_text = metrics.recall(self.image[asked], text, owner, k)
            scores |= {f"Flickr8k, caption to picture, R@{k}": Score(to_picture), f"Flickr8k, picture to caption, R@{k}": Score(to_text)}
        return scores

    def _cosine(self, pictures: Pictures) -> Tensor:
        return vectors.of_pictures(self.model, pictures.views(self.size), self.size) @ self.bank.T

    def _temperature(self) -> dict[str, float]:
        """`refit` comes from the calibration pictures alone; what validation would choose is told beside it"""
        cosine, label = self.image[self.labelled] @ self.bank.T, torch.from_numpy(self.label)
        known, known_label = self._cosine(self.on.calibration), torch.from_numpy(self.on.calibration.label)
        scales = {"scale": self.model.logit_scale.exp().item(), "refit": temperature.fit(known, known_label), "best on validation": temperature.fit(cosine, label)}
        out = dict(scales)
        for name, scale in scales.items():
            out[f"NLL at {name}"] = temperature.nll(cosine, label, scale)
            top, hit = (scale * cosine).softmax(-1).max(-1)
            out[f"mean top probability at {name}"] = top.mean().item()
            out[f"median top probability at {name}"] = top.median().item()
        out["top-1"] = (cosine.argmax(1) == label).float().mean().item()
        out["top-1 of calibration pictures"] = (known.argmax(1) == known_label).float().mean().item()
        return out
