// The report as one page that needs nothing else: tables, and the worst mistakes as pictures.
import { percent, type Report } from "./report.ts";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Labels, captions and file names are anybody's text. */
const text = (value: string | number): string => String(value).replaceAll(/[&<>"']/g, (each) => ESCAPES[each] ?? each);

const row = (cells: readonly (string | number)[], tag = "td"): string =>
  `<tr>${cells.map((cell) => `<${tag}>${text(cell)}</${tag}>`).join("")}</tr>`;
const grid = (titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  `<table><thead>${row(titles, "th")}</thead><tbody>${rows.map((cells) => row(cells)).join("\n")}</tbody></table>`;

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:1rem;padding:0;list-style:none}
.mistakes img{width:100%;border-radius:4px}.mistakes small{color:#666;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}th,td{border-color:#333}.mistakes small{color:#999}}`;

/** @param pictures data URIs by name of the sample */
export function htmlReport(
  { data, unreadable, classes, engines, comparisons }: Report,
  pictures: ReadonlyMap<string, string>,
): string {
  const parts: string[] = [
    `<h1>${text(data.path)}</h1>`,
    `<p>${data.pictures} pictures, ${data.labelled} with a label, ${data.captioned} with captions.</p>`,
  ];
  const classified = engines.filter(({ zero_shot }) => zero_shot);
  if (classes && classified.length > 0)
    parts.push(
      `<h2>Zero-shot, ${classes.count} classes (${text(classes.source)}), ${classes.prompts} prompts</h2>`,
      grid(
        ["engine", "pack", "top-1 %", "95 %", "top-5 %", "mean of classes %", "ms a picture"],
        classified.flatMap(({ name, pack, zero_shot: result, ms_per_picture }) =>
          result
            ? [
                [
                  name,
                  pack.slice(7, 15),
                  percent(result.top1),
                  result.top1_interval.map(percent).join("–"),
                  percent(result.top5),
                  percent(result.mean_per_class),
                  ms_per_picture,
                ],
              ]
            : [],
        ),
      ),
    );
  const found = engines.flatMap(({ name, retrieval }) => (retrieval ? [{ name, ...retrieval }] : []));
  if (found[0])
    parts.push(
      `<h2>Retrieval, ${found[0].pictures} pictures, ${found[0].captions} captions</h2>`,
      grid(
        ["engine", "image R@1 %", "R@5", "R@10", "text R@1 %", "R@5", "R@10"],
        found.map(({ name, image, text: texts }) => [
          name,
          ...[image, texts].flatMap(({ r1, r5, r10 }) => [r1, r5, r10].map(percent)),
        ]),
      ),
    );
  if (comparisons.length > 0)
    parts.push(
      "<h2>Side by side</h2>",
      grid(
        ["engine", "against", "same first answer %", "top-1 points", "p", "cosine mean", "cosine worst"],
        comparisons.map(({ name, with: other, agreement, top1_difference: difference, p, cosine }) => [
          name,
          other,
          agreement === null ? "" : percent(agreement),
          difference === null ? "" : (100 * difference).toFixed(2),
          p === null ? "" : p.toPrecision(2),
          cosine?.mean.toFixed(4) ?? "",
          cosine?.worst.toFixed(4) ?? "",
        ]),
      ),
    );
  for (const { name, zero_shot: result, mistakes } of classified) {
    if (!result) continue;
    parts.push(`<h2>${text(name)}</h2>`);
    if (mistakes.length > 0)
      parts.push(
        "<h3>Surest of the wrong thing</h3>",
        `<ul class="mistakes">${mistakes
          .map(
            (mistake) =>
              `<li><img loading="lazy" alt="" src="${text(pictures.get(mistake.name) ?? "")}"><br>${text(mistake.predicted)} ` +
              `${percent(mistake.score)} %<br>is ${text(mistake.truth)}, ${percent(mistake.truth_score)} %<br><small>${text(mistake.name)}</small></li>`,
          )
          .join("\n")}</ul>`,
      );
    parts.push(
      "<h3>Taken for each other</h3>",
      grid(
        ["times", "is", "taken for"],
        result.confusions.slice(0, 30).map(({ count, truth, predicted }) => [count, truth, predicted]),
      ),
      "<h3>By class</h3>",
      grid(
        ["class", "pictures", "top-1 %", "top-5 %", "taken for"],
        [...result.classes]
          .sort((a, b) => a.top1 - b.top1 || b.n - a.n)
          .map(({ label, n, top1, top5, confused_with, confused }) => [
            label,
            n,
            percent(top1),
            percent(top5),
            confused_with ? `${confused_with} (${confused})` : "",
          ]),
      ),
    );
  }
  if (unreadable.length > 0)
    parts.push(
      `<h2>Not readable</h2>`,
      grid(
        ["picture", "why"],
        unreadable.map(({ name, reason }) => [name, reason]),
      ),
    );
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${text(data.path)}</title><style>${STYLE}</style></head>\n<body>${parts.join("\n")}</body></html>\n`;
}
