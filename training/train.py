"""Contrastive training of nano: `python training/train.py training/nano.toml --data ARRAYS --out RUN [--stop-after MINUTES]`.

Goes on where RUN/state.pt stands; a killed run loses what came after its last checkpoint. RUN then holds a checkpoint in
OpenCLIP's layout (averaged weights), state.pt, held.pt (the state before the held-out labels were trained) and log.jsonl.
With --from CHECKPOINT a new run starts from another one's weights, with a fresh schedule.
"""
import argparse
import json
import math
import shutil
import signal
import time
from pathlib import Path

import torch

import checkpoint
import config
from batches import stream
from corpus import Corpus
from trainer import Trainer


class Log:
    """A line a show on the console, a JSON row in log.jsonl."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.mean = trainer, {}
        self.shown, self.said = time.time(), trainer.seen

    def add(self, values: dict[str, torch.Tensor]) -> None:
        for name, value in values.items():
            self.mean[name] = value if name not in self.mean else 0.95 * self.mean[name] + 0.05 * value

    def row(self, **row: object) -> None:
        t = self.trainer
        row = {"step": t.step_count, "minutes": round(t.elapsed / 60, 2), "seen": t.seen, "progress": round(t.progress(), 4)} | row
        with open(t.out / "log.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")

    def restart(self) -> None:
        """the rate is of training alone"""
        self.shown, self.said = time.time(), self.trainer.seen

    def due(self) -> bool:
        return time.time() - self.shown >= self.trainer.config.run.show_seconds

    def show(self) -> None:
        t, values = self.trainer, {name: float(value) for name, value in self.mean.items()}
        if not all(map(math.isfinite, values.values())):
            raise FloatingPointError(f"diverged at step {t.step_count}: {values}; the last checkpoint is whole, lower the learning rate")
        rate = round((t.seen - self.said) / (time.time() - self.shown))
        left = t.config.schedule.minutes - t.elapsed / 60
        losses = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        print(f"step {t.step_count}  {100 * t.progress():.1f} %  {t.size()} px  {rate} pictures/s  {losses}  {left:.0f} min left", flush=True)
        self.row(size=t.size(), rate=rate, **{name: round(value, 4) for name, value in values.items()})
        self.restart()

    def measured(self, kind: str, size: int) -> None:
        values = {name: round(value, 4) for name, value in self.trainer.validate(size).items()}
        print(f"{kind} at {size} px: " + "  ".join(f"{name} {100 * value:.1f}" for name, value in values.items()), flush=True)
        self.row(measured=kind, size=size, **values)
        self.restart()


CLOCKS = {"wall": time.time, "processor": time.process_time}


def learning_rate(trainer: Trainer) -> float:
    s = trainer.config.schedule
    warm = min(1.0, (trainer.step_count + 1) / s.warmup_steps)
    return s.learning_rate * warm * (0.5 * (1 + math.cos(math.pi * trainer.progress())) + s.floor)


def fit(trainer: Trainer, stop_after: float = math.inf, steps: float = math.inf) -> bool:
    """trains until the time is over (True), or `stop_after` minutes or `steps` of this call are, or a signal ends it"""
    c, log, began, first = trainer.config, Log(trainer), time.time(), trainer.step_count
    saved = measured = trainer.elapsed
    stopped: list[int] = []
    compiled: set[torch.Size] = set()  # the first step of each size is spent on compiling
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda number, _: stopped.append(number))
    clock = CLOCKS[c.run.clock]
    batches = stream(trainer.draw, ahead=trainer.device == "cuda")
    while trainer.progress() < 1 and not stopped and time.time() - began < stop_after * 60 and trainer.step_count - first < steps:
        if not trainer.released and trainer.progress() >= c.data.hold_until:
            log.measured("before the held-out labels", trainer.size())
            trainer.release()
            log.restart()
        start, batch = clock(), next(batches)
        log.add(trainer.step(batch, learning_rate(trainer)))
        if trainer.device == "cuda" and trainer.step_count % 20 == 0:
            torch.cuda.synchronize()  # the clock is to count work, not its queueing
        if not c.run.compile or batch.pictures.shape in compiled:
            trainer.elapsed += clock() - start
        compiled.add(batch.pictures.shape)
        if log.due():
            log.show()
        if trainer.elapsed - measured > c.run.evaluate_minutes * 60:
            log.measured("validation", trainer.size())
            measured = trainer.elapsed
        if trainer.elapsed - saved > c.run.checkpoint_minutes * 60:
            trainer.save()
            saved = trainer.elapsed
            log.restart()
    if trainer.seen > log.said:
        log.show()
    trainer.save()
    return trainer.progress() >= 1


def describe(trainer: Trainer) -> str:
    count = lambda parameters: sum(p.numel() for p in parameters) / 1e6
    image = count(trainer.model.visual.parameters())
    return (
        f"{trainer.device}, {'bf16' if trainer.bf16 else 'fp32'}; image {image:.2f} M, text {count(trainer.model.parameters()) - image:.2f} M parameters; "
        f"{len(trainer.batches.labelled)} labelled and {len(trainer.corpus.captions)} captioned pictures, {trainer.batches.held.sum()} labels held out; "
        f"objectives {trainer.weights}; step {trainer.step_count}, {trainer.elapsed / 60:.1f} of {trainer.config.schedule.minutes:g} minutes done"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config"), parser.add_argument("--data", required=True), parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--from", dest="start", type=Path, help="a checkpoint folder, or a run's state.pt; ignored where RUN has a state")
    parser.add_argument("--stop-after", type=float, default=math.inf, help="minutes of this call; the next goes on")
    parser.add_argument("--steps", type=float, default=math.inf, help="of this call")
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="in place of the file's value")
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    c = config.load(a.config, config.parse_changes(a.set))
    fresh = not (a.out / "state.pt").exists()
    if a.start and fresh:
        shutil.copy(checkpoint.folder_of(a.start) / checkpoint.TOKENIZER, a.out)
    trainer = Trainer(c, Corpus(a.data, c.data.hold_out, c.data.calibration), a.out)
    if a.start and fresh:
        trainer.start_from(a.start)
    print(describe(trainer), flush=True)
    if fit(trainer, a.stop_after, a.steps):
        Log(trainer).measured("final", c.model.image_size)


if __name__ == "__main__":
    main()
