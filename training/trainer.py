"""One run's state and its step: encode a batch, sum the weighed objectives, update, average the weights."""
import contextlib
import copy
import dataclasses
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import augment
import checkpoint
import clip_text
import optimizers
import tokenizer as bpe
import validation
from batches import Batch, Batches
from config import Config
from corpus import Corpus
from heads import Heads
from losses.moco import follow
from model import Clip
from objectives import OBJECTIVES, OF_VIEWS, Encoded
from prompts import TEMPLATES, LabelPrompts, names_of, trim
from teacher import Teacher


def fast_bf16() -> bool:
    """without these instructions a CPU's bf16 is ten times slower than its fp32"""
    cpu = Path("/proc/cpuinfo")
    return torch.cuda.is_available() or (cpu.exists() and any(flag in cpu.read_text() for flag in ("amx_bf16", "avx512_bf16")))


class Trainer:
    def __init__(self, config: Config, corpus: Corpus, out: Path) -> None:
        unknown = set(config.objectives) ^ set(OBJECTIVES)
        if unknown:
            raise ValueError(f"[objectives] lacks or does not know {sorted(unknown)}")
        self.config, self.corpus, self.out = config, corpus, out
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.bf16 = fast_bf16()
        if config.run.threads:
            torch.set_num_threads(config.run.threads)
        if self.device == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
        self.weights = {name: weight for name, weight in config.objectives.items() if weight}
        names, clip_names, texts = clip_text.read(config.data.clip_text)
        self.tokenizer = self._tokenizer(names + texts)
        self.clip_names = clip_names.to(self.device)
        self.name_ids = torch.tensor([self.tokenizer(f"a {name}") for name in names])
        prompts = LabelPrompts(self.tokenizer, names_of(corpus.labels, corpus.alternatives, config.prompts.own_name))
        self.batches = Batches(corpus, self.tokenizer, prompts, config)
        self.hypernyms = torch.from_numpy(corpus.hypernyms()).to(self.device) if config.objective.mask_hypernyms else None
        self._models()
        self.elapsed, self.step_count, self.seen, self.released = 0.0, 0, 0, not corpus.held.any()
        if (out / "state.pt").exists():
            self._resume(torch.load(out / "state.pt", map_location=self.device))
        self.encode = torch.compile(self.model.visual, dynamic=False) if config.run.compile else self.model.visual

    def _tokenizer(self, more: list[str]) -> bpe.Tokenizer:
        path = self.out / checkpoint.TOKENIZER
        if not path.exists():
            labels = [t.format(label) for label in self.corpus.labels for t in TEMPLATES[:6]]
            captions = [text for texts in self.corpus.captions.values() for text in texts]
            vocabulary, merges = bpe.train(labels + captions + more, self.config.model.vocab)
            checkpoint.replace(path, lambda beside: bpe.save(vocabulary, merges, beside))
        return bpe.load(path, self.config.model.context)

    def _models(self) -> None:
        c = self.config
        torch.manual_seed(c.schedule.seed)
        self.model = Clip(dataclasses.asdict(c.model) | {"vocab": len(self.tokenizer.ids)}).to(self.device)
        self.model.visual.to(memory_format=torch.channels_last)
        self.ema = copy.deepcopy(self.model).eval()
        self.heads = Heads(c.model.embed_dim, c.objective).to(self.device)
        self.key_heads = copy.deepcopy(self.heads).eval()
        self.teacher = Teacher(c.objective.teacher_checkpoint, self.corpus.labels, self.device) if "teacher" in self.weights else None
        self.optimizers = optimizers.of(self.model, self.heads, c.schedule, fused=self.device == "cuda")

    # State

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        return {"model": self.model, "ema": self.ema, "heads": self.heads, "key_heads": self.key_heads} | self.optimizers

    def state(self) -> dict:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        counters = {"elapsed": self.elapsed, "step": self.step_count, "seen": self.seen, "released": self.released}
        return parts | counters | {"config": self.model.config}

    def _same_shape(self, config: dict, where: Path) -> None:
        for key, value in self.model.config.items():
            if key != "drop_path" and config[key] != value:
                raise ValueError(f"{where} has {key} = {config[key]}, the configuration says {value}")

    def _resume(self, state: dict) -> None:
        self._same_shape(state["config"], self.out / "state.pt")
        for name, part in self._parts().items():
            if name in state:  # heads and Muon are younger than the first states
                part.load_state_dict(state[name])
        self.optimizers["optimizer"].param_groups[0]["weight_decay"] = self.config.schedule.weight_decay
        self.elapsed, self.step_count, self.seen = state["elapsed"], state["step"], state["seen"]
        self.released = self.released or state.get("released", self.progress() >= self.config.data.hold_until)
        if self.released:
            self.batches.release()
        self.batches.seed(self.config.schedule.seed + self.step_count)  # other draws than those already seen

    def start_from(self, path: Path) -> None:
        """warm restart: the averaged weights of another run under a schedule of one's own; all labels count as trained"""
        other, _ = checkpoint.read(path)
        self._same_shape(other.config, path)
        for model in (self.model, self.ema):
            model.load_state_dict(other.state_dict())
        self.released = True
        self.batches.release()

    def save(self) -> None:
        checkpoint.save_state(self.out / "state.pt", self.state())
        checkpoint.write(self.ema, self.out)

    def release(self) -> None:
        """keeps the state as held.pt and trains the held-out labels from here on"""
        self.save()
        checkpoint.save_state(self.out / "held.pt", self.state())
        self.released = True
        self.batches.release()

    # Progress

    def progress(self) -> float:
        return self.elapsed / (self.config.schedule.minutes * 60)

    def size(self) -> int:
        return self.config.schedule.size(self.progress())

    def draw(self) -> Batch:
        return self.batches.draw(self.size())

    def validate(self, size: int) -> dict[str, float]:
        return validation.quick(self.ema, self.tokenizer, self.corpus, size, self.device, self.autocast())

    def autocast(self) -> contextlib.AbstractContextManager:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bf16)

    # The step

    def step(self, batch: Batch, learning_rate: float) -> dict[str, Tensor]:
        """each objective's value, unweighed, and the logit scale"""
        encoded = self._encode(batch)
        active = [name for name in self.weights if encoded.first is not None or name not in OF_VIEWS]
        values = {name: OBJECTIVES[name](encoded, self.config.objective) for name in active}
        loss = sum(self.weights[name] * value for name, value in values.items())
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*self.model.parameters(), *self.heads.parameters()], self.config.schedule.clip_norm)
        for optimizer in self.optimizers.values():
            optimizer.step()
        if encoded.key is not None:
            self.heads.queue.push(encoded.key)
        momentum = min(self.config.schedule.ema, (1 + self.step_count) / (10 + self.step_count))  # shorter while all is young
        follow(self.ema, self.model, momentum)
        follow(self.key_heads.projection, self.heads.projection, momentum)
        self.step_count, self.seen = self.step_count + 1, self.seen + len(batch.pictures)
        return {name: value.detach() for name, value in values.items()} | {"scale": encoded.scale.detach()}

    def _encode(self, batch: Batch) -> Encoded:
        count, views = len(batch.label), 0 if batch.second is None else len(batch.second)
        bank = batch.bank.to(self.device)
        target = (batch.label[:, None] == batch.bank[None]).float().to(self.device)
        x, target = self._augmented(batch, target)
        second = None if batch.second is None else augment.normalise(augment.photometric(augment.to_float(batch.second, self.device), self.config.augment))
        own_view = second is not None and "nt_xent" in self.weights
        with self.autocast():
            vectors = F.normalize(self.encode(torch.cat([x, second]) if own_view else x).float(), dim=-1)
            text = self._texts(batch)
            key = None if second is None or "moco" not in self.weights else self._keys(second)
        return Encoded(
            image=vectors[:count],
            target=target,
            bank=text["bank"],
            ignored=None if self.hypernyms is None else self._hypernyms(target, bank),
            captioned=vectors[count : len(x)],
            captions=text.get("captions"),
            scale=self.model.logit_scale.exp().clamp(max=100),
            names=text.get("names"),
            clip_names=text.get("clip_names"),
            first=self.heads.project(vectors[:views]) if views else None,
            second=self.heads.project(vectors[len(x) :]) if own_view else None,
            key=key,
            queue=self.heads.queue.keys,
            sigmoid_scale=self.heads.sigmoid_scale.exp(),
            sigmoid_bias=self.heads.sigmoid_bias,
            taught=self._taught(x[:count], bank),
        )

    def _augmented(self, batch: Batch, target: Tensor) -> tuple[Tensor, Tensor]:
        """pictures ready for the model; only labelled ones are erased and mixed, a caption says more than a mixture shows"""
        c, count = self.config.augment, len(batch.label)
        x = augment.photometric(augment.to_float(batch.pictures, self.device), c)
        labelled = augment.erase(x[:count], c.erase)
        if batch.mixed:
            labelled, share = augment.mix(labelled, c.mix_alpha)
            target = target * share + target.flip(0) * (1 - share)
        return augment.normalise(torch.cat([labelled, x[count:]])), target

    def _texts(self, batch: Batch) -> dict[str, Tensor]:
        """label prompts and names in one pass; captions, which are longer, in another"""
        short, pick = batch.prompts, None
        if "gram" in self.weights:
            pick = torch.randperm(len(self.name_ids))[: self.config.prompts.gram_names or None]
            names = self.name_ids[pick]
            width = names.shape[1]
            short = trim(torch.cat([F.pad(short, (0, width - short.shape[1])), names]))
        vectors = self.model.text(short.to(self.device))
        out = {"bank": vectors[: len(batch.bank)]}
        if batch.captions is not None:
            out["captions"] = self.model.text(batch.captions.to(self.device))
        if pick is not None:
            out |= {"names": vectors[len(batch.bank) :], "clip_names": self.clip_names[pick.to(self.device)]}
        return out

    def _hypernyms(self, target: Tensor, bank: Tensor) -> Tensor:
        """bool [B, K]: not a label of the picture, but above one"""
        above = self.hypernyms[bank][:, bank].float()
        return (target @ above > 0) & (target == 0)

    @torch.no_grad()
    def _keys(self, second: Tensor) -> Tensor:
        return self.key_heads.project(self.ema.image(second))

    def _taught(self, x: Tensor, bank: Tensor) -> Tensor | None:
        if self.teacher is None:
            return None
        with self.autocast():
            return self.teacher.softmax(x, bank)
