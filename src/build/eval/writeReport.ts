// report.json and report.html in a folder, with the pictures of the worst mistakes inside the page.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Magick } from "../../core/image/magick.ts";
import { toPixels } from "../../core/image/pixels.ts";
import type { Sample } from "./dataset/sample.ts";
import { htmlReport } from "./html.ts";
import { png, smaller } from "./png.ts";
import type { Report } from "./report.ts";

/** Side of a picture in the page. */
const THUMBNAIL = 112;

/** @param size of the square that the model saw, which is what is shown */
export async function writeReport(
  dir: string,
  report: Report,
  samples: readonly Sample[],
  magick: Magick,
  size: number,
): Promise<void> {
  const wanted = new Set(report.engines.flatMap(({ mistakes }) => mistakes.map(({ name }) => name)));
  const pictures = new Map<string, string>();
  for (const sample of samples) {
    if (!wanted.has(sample.name) || pictures.has(sample.name)) continue;
    const small = smaller(toPixels(magick, await sample.read(), { size }).pixels, size, THUMBNAIL);
    pictures.set(sample.name, `data:image/png;base64,${png(small.pixels, small.size).toString("base64")}`);
  }
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(join(dir, "report.html"), htmlReport(report, pictures));
}
