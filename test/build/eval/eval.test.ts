// `npm run eval` as a person runs it, on the pictures of the repository.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTower } from "../../../src/build/ort.ts";
import { readPack } from "../../../src/build/readPack.ts";
import { answerInfer } from "../../../src/core/oip/answerInfer.ts";
import { HEADER_LENGTH } from "../../../src/core/oip/decode.ts";
import { modelMetadata } from "../../../src/core/oip/metadata.ts";
import type { Tensor } from "../../../src/core/oip/tensor.ts";
import type { Manifest } from "../../../src/core/pack/manifest.ts";

const run = promisify(execFile);
const PICTURES = ["dress", "hat", "pants", "shoes", "t-shirt"];
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-eval-"));
  for (const name of PICTURES) {
    mkdirSync(join(dir, "clothes", name), { recursive: true });
    cpSync(`test/fixtures/pictures/${name}.jpg`, join(dir, "clothes", name, "1.jpg"));
  }
});
afterAll(() => rmSync(dir, { recursive: true }));
const evaluate = (...args: string[]) =>
  run(process.execPath, ["src/build/eval.ts", "--pack", "models/nano", "--out", join(dir, "out"), ...args]);
const report = () => JSON.parse(readFileSync(join(dir, "out/report.json"), "utf8"));

test("a folder a class: tables, figures and a page with pictures", async () => {
  const { stdout, stderr } = await evaluate(join(dir, "clothes"));
  expect(stderr).toBe("");
  expect(stdout).toContain(`5 pictures of ${join(dir, "clothes")}, 5 with a label, 0 with captions`);
  expect(stdout).toMatch(/Zero-shot, %, 5 classes \(labels of the data\), 5 prompts\nengine +top-1/);
  const { engines, classes } = report();
  expect(classes).toEqual({ count: 5, prompts: 5, source: "labels of the data" });
  const { top1, classes: byClass } = engines[0].zero_shot;
  expect(byClass.map(({ label }: { label: string }) => label)).toEqual(PICTURES);
  const wrong = Math.round((1 - top1) * 5);
  expect(engines[0].mistakes).toHaveLength(wrong);
  const page = readFileSync(join(dir, "out/report.html"), "utf8");
  expect(page.match(/src="data:image\/png;base64,/g) ?? []).toHaveLength(wrong);
});

test("a manifest: labels of a file, captions, what cannot be read, labels that are no class", async () => {
  const lines = [
    ...PICTURES.map((name) => ({ image: `clothes/${name}/1.jpg`, label: name, caption: `a photo of a ${name}.` })),
    { image: "nowhere.jpg", label: "hat" },
    { image: "clothes/hat/1.jpg", label: "no such thing" },
  ];
  writeFileSync(join(dir, "list.ndjson"), lines.map((line) => JSON.stringify(line)).join("\n"));
  const { stdout } = await evaluate(join(dir, "list.ndjson"), "--labels", "everyday", "--json");
  const told = JSON.parse(stdout);
  expect(told).toEqual(report());
  expect(told.data).toMatchObject({ pictures: 7, captioned: 5, unknown_labels: ["no such thing"] });
  expect(told.unreadable).toMatchObject([{ name: "nowhere.jpg" }]);
  expect(told.classes.source).toBe("models/labels/everyday.yaml");
  expect(told.engines[0].zero_shot.n).toBe(5);
  expect(told.engines[0].retrieval).toMatchObject({ pictures: 5, captions: 5, image: { r5: 1 }, text: { r5: 1 } });
});

test("templates of a file, names for codes, a limit", async () => {
  writeFileSync(join(dir, "templates.txt"), "# two\n{}\na {}, worn\n");
  writeFileSync(join(dir, "names.json"), JSON.stringify({ hat: "straw hat" }));
  const options = ["--templates", join(dir, "templates.txt"), "--names", join(dir, "names.json"), "--limit", "2"];
  await evaluate(join(dir, "clothes"), ...options);
  const { data, classes, engines } = report();
  expect(data.pictures).toBe(2);
  expect(classes).toMatchObject({ count: 2, prompts: 4 });
  expect(engines[0].zero_shot.classes.map(({ label }: { label: string }) => label)).toEqual(["dress", "pants"]);
});

test.each<[string, string[], RegExp]>([
  ["no data", [], /npm run eval -- <data>/],
  ["data that is not there", ["/nowhere"], /\/nowhere is not there/],
  ["a pack that is not there", ["CLOTHES", "--pack", "nothing"], /--pack: there is no pack nothing here/],
  ["a task without what it needs", ["CLOTHES", "--task", "retrieval"], /no picture has a caption/],
  ["labels that are only numbers", ["NUMBERS"], /its labels are only numbers or codes; --names says/],
  ["another task", ["CLOTHES", "--task", "magic"], /--task is zero-shot, retrieval or all, not magic/],
  [
    "a template without a place",
    ["CLOTHES", "--templates", "package.json"],
    /package\.json:1: must contain \{\} exactly once/,
  ],
  [
    "a server that is not there",
    ["CLOTHES", "--url", "http://127.0.0.1:1", "--remote-only"],
    /The backend did not answer/,
  ],
])("%s: told in words, with a failing exit", async (_name, args, message) => {
  writeFileSync(join(dir, "numbers.ndjson"), '{"image": "a.jpg", "label": 3}');
  const places: Record<string, string> = { CLOTHES: "clothes", NUMBERS: "numbers.ndjson" };
  const named = args.map((arg) => (arg in places ? join(dir, places[arg]!) : arg));
  await expect(evaluate(...named)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});

const BOUNDS = { pictures: 64, tokens: 65_536 };

/** The protocol's own code over the towers of nano, as a server on loopback. @param told what it says its model is */
async function serve(told: Manifest): Promise<{ server: Server; url: string; batches: number[] }> {
  const towers = { vision: await openTower("models/nano", "vision"), text: await openTower("models/nano", "text") };
  const batches: number[] = [];
  const server = createServer(async (request, response) => {
    const [, , , name, verb] = (request.url ?? "").split("/");
    const tower = name === "vision" ? "vision" : "text";
    if (verb !== "infer") return response.end(JSON.stringify(modelMetadata(told, tower)));
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    const encode = ({ data, shape }: Tensor) => {
      if (tower === "vision") batches.push(shape[0]!);
      return towers[tower].run(data instanceof Int32Array ? Int32Array.from(data) : Uint8Array.from(data), shape);
    };
    const served = { tower, manifest: told, bounds: BOUNDS, encode } as const;
    const body = new Uint8Array(Buffer.concat(pieces));
    const answer = await answerInfer(served, body, String(request.headers[HEADER_LENGTH]));
    return response.writeHead(200, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, batches, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a server beside the pack gives the same answers, in batches", async () => {
  const manifest = await readPack("models/nano");
  const { server, url, batches } = await serve(manifest);
  try {
    const { stdout } = await evaluate(join(dir, "clothes"), "--url", url, "--batch", "3");
    expect(stdout).toContain(`nano at ${new URL(url).host} against nano int8: same first answer for 100.0 %`);
    expect(batches).toEqual([3, 2]);
    expect(report().comparisons[0]).toMatchObject({ agreement: 1, p: 1 });
    expect(report().comparisons[0].cosine.worst).toBeGreaterThan(0.9999);
  } finally {
    server.close();
  }
});

test("a server with another model is refused", async () => {
  const manifest = await readPack("models/nano");
  const { server, url } = await serve({ ...manifest, space: `sha256:${"1".repeat(64)}` });
  try {
    await expect(evaluate(join(dir, "clothes"), "--url", url, "--remote-only")).rejects.toMatchObject({
      stderr: expect.stringContaining("serves vision of the space sha256:1111"),
    });
  } finally {
    server.close();
  }
});

const FLOAT = ".edgeclip/fp32/nano/pack.json";
if (!existsSync(FLOAT)) console.warn(`skipped: int8 and fp32 side by side, there is no ${FLOAT}`);
test.runIf(existsSync(FLOAT))("a name measures its int8 and fp32 packs side by side", async () => {
  const { stdout } = await run(process.execPath, [
    "src/build/eval.ts",
    join(dir, "clothes"),
    "--out",
    join(dir, "both"),
  ]);
  expect(stdout).toMatch(/nano int8 against nano fp32: same first answer for [\d.]+ %; top-1 [+-]/);
});
