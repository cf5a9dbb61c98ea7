"""The figures of evaluate.py as Markdown, in percent."""


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def row(name: str, f: dict) -> str:
    cells = [name, str(f["pictures"]), f"{percent(f['value'])} [{', '.join(map(percent, f['interval']))}]"]
    if "against" in f:
        cells += [percent(f["against"]), f"{100 * f['difference']:+.1f} [{', '.join(f'{100 * v:+.1f}' for v in f['difference_interval'])}]"]
    return f"| {' | '.join(cells)} |"


def table(title: str, rows: dict[str, dict]) -> list[str]:
    head = [title, "pictures", "value"] + (["against", "difference"] if "against" in next(iter(rows.values())) else [])
    return [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1), *(row(name, f) for name, f in rows.items()), ""]


def temperature(t: dict[str, float]) -> list[str]:
    lines = ["| logit scale | | NLL, validation | mean top probability (top-1) | median top probability |", "| --- |" + " ---: |" * 4]
    for name, title in (("scale", "as trained"), ("refit", "refitted on train pictures"), ("best on validation", "best on validation, not used")):
        top = f"{percent(t[f'mean top probability at {name}'])} ({percent(t['top-1'])})"
        lines.append(f"| {title} | {t[name]:.2f} | {t[f'NLL at {name}']:.3f} | {top} | {percent(t[f'median top probability at {name}'])} |")
    note = "Where they were trained on it is above validation's, and the scale comes out too high."
    return [*lines, f"\nTop-1 of the pictures that the refit is made on: {percent(t['top-1 of calibration pictures'])}. {note}", ""]


def text(result: dict) -> str:
    against = f", against {result['against']}" if result["against"] else ""
    what = f"{result['labels']} labels, mean of {len(result['templates'])} templates; [95 % intervals]"
    lines = [f"{result['checkpoint']} at {result['image_size']} px{against}; {what}", ""]
    lines += table("score", result["scores"])
    lines += table("top-1 by source", {name: f["top-1"] for name, f in result["by_source"].items()})
    lines += table("top-5 by source", {name: f["top-5"] for name, f in result["by_source"].items()})
    lines += temperature(result["temperature"])
    lines += ["| weakest labels | pictures | top-1 | answered instead |", "| --- | ---: | ---: | --- |"]
    lines += [f"| {w['label']} | {w['pictures']} | {percent(w['top1'])} | {', '.join(w['instead'])} |" for w in result["weakest"]]
    return "\n".join(lines)
