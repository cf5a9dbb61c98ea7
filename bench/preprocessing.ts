// The image Worker's preprocessing against PIL (training/preprocess_reference.py) on awkward real files.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMagick } from "../src/build/calibrate.ts";
import { openTower } from "../src/build/ort.ts";
import { toPixels } from "../src/core/image/pixels.ts";

const PICTURES = "../shared/images/robustness";
const SIZE = 96;

/** A Python that has PIL and numpy: $PYTHON, else python3. */
function findPython(): string | undefined {
  const python = process.env.PYTHON ?? "python3";
  try {
    execFileSync(python, ["-c", "import PIL, numpy"], { stdio: "ignore" });
    return python;
  } catch {
    return undefined;
  }
}

interface Reference {
  file: string;
  array?: string;
  error?: string;
}

export async function preprocessing(): Promise<void> {
  if (!existsSync(PICTURES)) return console.log(`skipped: there is no ${PICTURES}`);
  const python = findPython();
  if (!python) return console.log("skipped: no Python with PIL and numpy (set PYTHON to one)");
  const folders = await readdir(PICTURES);
  const files = (
    await Promise.all(
      folders.map(async (folder) =>
        (await readdir(join(PICTURES, folder))).map((name) => join(PICTURES, folder, name)),
      ),
    )
  ).flat();
  const dir = await mkdtemp(join(tmpdir(), "edgeclip-pil-"));
  const lines = execFileSync(python, ["training/preprocess_reference.py", dir, String(SIZE), ...files], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const magick = await openMagick();
  const tower = await openTower("models/nano", "vision");
  const encode = (pixels: Uint8Array) => tower.run(new Uint8Array(pixels), [1, SIZE, SIZE, 3]);
  const errors: { file: string; error: number; cosine: number }[] = [];
  const onlyOne: string[] = [];
  for (const line of lines.trim().split("\n")) {
    const { file, array }: Reference = JSON.parse(line);
    let pixels: Uint8Array | undefined;
    let code = "";
    try {
      pixels = toPixels(magick, new Uint8Array(await readFile(file)), { size: SIZE }).pixels;
    } catch (error) {
      code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    }
    if (!pixels || !array) {
      if (pixels || array)
        onlyOne.push(`${file.slice(PICTURES.length + 1)} (${pixels ? "PIL does not read it" : code})`);
      continue;
    }
    const reference = new Uint8Array(await readFile(join(dir, array)));
    const error = pixels.reduce((sum, value, i) => sum + Math.abs(value - (reference[i] ?? 0)), 0) / pixels.length;
    const [a, b] = [await encode(pixels), await encode(reference)];
    errors.push({
      file: file.slice(PICTURES.length + 1),
      error,
      cosine: a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0),
    });
  }
  await tower.release();
  await rm(dir, { recursive: true });
  errors.sort((a, b) => b.error - a.error);
  const mean = errors.reduce((sum, { error }) => sum + error, 0) / errors.length;
  const within = errors.filter(({ error }) => error <= 0.5).length;
  console.log(
    `${errors.length} pictures read by both: mean absolute error ${mean.toFixed(3)} of 255; ${within} within 0.5; lowest vector cosine ${Math.min(...errors.map(({ cosine }) => cosine)).toFixed(5)}`,
  );
  for (const { file, error, cosine } of errors.slice(0, 8))
    console.log(`  ${file}: ${error.toFixed(3)}, cosine ${cosine.toFixed(5)}`);
  console.log(`read by one of the two: ${onlyOne.join("; ") || "none"}`);
}
