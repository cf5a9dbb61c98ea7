"""The configuration of a run: nano.toml as frozen dataclasses. Every key must be there, and no other."""
import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Data:
    clip_text: str
    balance: float
    caption_share: float
    hold_out: int
    hold_until: float
    calibration: int


@dataclass(frozen=True)
class Model:
    image_size: int
    layers: list[int]
    width: int
    embed_dim: int
    text_width: int
    text_layers: int
    context: int
    vocab: int
    drop_path: float


@dataclass(frozen=True)
class Schedule:
    minutes: float
    sizes: list[int]
    shares: list[float]
    batch: int
    optimizer: str
    learning_rate: float
    floor: float
    warmup_steps: int
    weight_decay: float
    betas: list[float]
    clip_norm: float
    ema: float
    seed: int

    def size(self, progress: float) -> int:
        done = 0.0
        for size, share in zip(self.sizes, self.shares):
            done += share
            if progress < done:
                return size
        return self.sizes[-1]


@dataclass(frozen=True)
class Run:
    clock: str
    threads: int
    compile: bool
    crop_threads: int
    show_seconds: float
    checkpoint_minutes: float
    evaluate_minutes: float


@dataclass(frozen=True)
class Augment:
    area: list[float]
    stretch: float
    light: float
    saturation: list[float]
    grey: float
    low_resolution: float
    erase: float
    mix: float
    mix_alpha: float


@dataclass(frozen=True)
class Prompts:
    bank: int
    own_name: int
    gram_names: int


@dataclass(frozen=True)
class Objective:
    smoothing: float
    mask_hypernyms: bool
    view_share: float
    projection: int
    nt_xent_temperature: float
    moco_temperature: float
    moco_queue: int
    sup_con_temperature: float
    triplet_margin: float
    sigmoid_scale: float
    sigmoid_bias: float
    teacher_checkpoint: str


@dataclass(frozen=True)
class Config:
    data: Data
    model: Model
    schedule: Schedule
    run: Run
    augment: Augment
    prompts: Prompts
    objectives: dict[str, float]  # name: weight
    objective: Objective


def section(kind: type, name: str, table: dict) -> object:
    if not dataclasses.is_dataclass(kind):
        return table
    fields = {field.name for field in dataclasses.fields(kind)}
    if fields != set(table):
        raise ValueError(f"[{name}] lacks {sorted(fields - set(table))} or has unknown {sorted(set(table) - fields)}")
    return kind(**table)


def load(path: str | Path, changes: dict[str, dict] | None = None) -> Config:
    """`changes`: tables whose keys replace those of the file, as the ablation's recipes do"""
    path = Path(path)
    tables = tomllib.loads(path.read_text())
    for name, table in (changes or {}).items():
        tables[name] = tables[name] | table
    if tables["data"]["clip_text"]:
        tables["data"]["clip_text"] = str(path.parent / tables["data"]["clip_text"])
    return section(Config, "", {field.name: section(field.type, field.name, tables.get(field.name, {})) for field in dataclasses.fields(Config)})


def parse_changes(assignments: list[str]) -> dict[str, dict]:
    """["run.compile=false"] -> {"run": {"compile": False}}; values as in TOML"""
    changes: dict[str, dict] = {}
    for assignment in assignments:
        place, value = assignment.split("=", 1)
        table, key = place.split(".")
        changes.setdefault(table, {})[key] = tomllib.loads(f"value = {value}")["value"]
    return changes
