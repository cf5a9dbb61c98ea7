// POST /v1/embeddings: vectors of texts and pictures, in OpenAI's shape and in Jina's.
// https://platform.openai.com/docs/api-reference/embeddings, https://jina.ai/embeddings
import type { Context } from "hono";
import * as v from "valibot";
import { list } from "../../core/json/list.ts";
import { Problem } from "../../core/problem.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { either } from "../input/either.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { pictureFromJson, pictureValue } from "../input/picture.ts";
import { text } from "../input/text.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { encodePictures } from "../tasks/encodePictures.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readJson } from "./readInput.ts";

const MAX_IMAGES = 32;
const MAX_TEXTS = 256;
const MAX_ITEMS = MAX_IMAGES + MAX_TEXTS;

const item = either([text, v.strictObject({ text }), v.strictObject({ image: pictureValue })], ({ input }) => {
  if (typeof input === "number") return "is a token id: send the text";
  if (Array.isArray(input)) return "is a list of token ids: send the text";
  return 'must be a text, {"text"} or {"image"}';
});

export const EmbeddingsSchema = v.strictObject({
  model: v.string("must be the id of the model"),
  input: either(
    [
      text,
      v.pipe(
        list(item, "must be a list", MAX_ITEMS, `may have ${MAX_IMAGES} pictures and ${MAX_TEXTS} texts at most`),
        v.minLength(1, "must have at least one item"),
      ),
    ],
    "must be a text or a list",
  ),
  encoding_format: v.optional(v.picklist(["float", "base64"], "must be float or base64"), "float"),
  dimensions: v.optional(v.number("must be a number")),
  /** Taken and not used, as OpenAI's clients may send it. */
  user: v.optional(v.string("must be text")),
});

type Options = v.InferOutput<typeof EmbeddingsSchema>;

const refuse = (
  field: string,
  message: string,
  code: "invalid_request" | "model_not_found" = "invalid_request",
): never => {
  throw new Problem(code, `${field} ${message}.`, { errors: [{ pointer: `/${field}`, message }] });
};

/** @throws Problem `model_not_found`, `invalid_request` */
function check({ model, dimensions }: Options, { manifest }: Deployment): void {
  if (model !== manifest.id) refuse("model", `must be ${manifest.id}, the one that is deployed`, "model_not_found");
  if (dimensions !== undefined && dimensions !== manifest.embed_dim) {
    refuse("dimensions", `must be ${manifest.embed_dim}: CLIP's vectors cannot be cut`);
  }
}

type Item = { text: string } | { image: unknown; pointer: string };

function itemsOf(input: Options["input"]): Item[] {
  const items = (typeof input === "string" ? [input] : input).map((each, at): Item => {
    if (typeof each === "string") return { text: each };
    if ("text" in each) return { text: each.text };
    // Jina's clients send bare base64 as well.
    const bare = typeof each.image === "string" && !/^(?:data|https?):/i.test(each.image);
    return { image: bare ? { data: each.image } : each.image, pointer: `/input/${at}/image` };
  });
  const pictures = items.filter((each) => "image" in each).length;
  if (pictures > MAX_IMAGES) refuse("input", `may have ${MAX_IMAGES} pictures at most`);
  if (items.length - pictures > MAX_TEXTS) refuse("input", `may have ${MAX_TEXTS} texts at most`);
  return items;
}

/** Little-endian fp32, as OpenAI's clients read it. */
function base64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [i, value] of vector.entries()) view.setFloat32(i * 4, value, true);
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
}

export const embeddings = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>, lease) => {
    const timing = context.get("timing");
    const deployment = isolate.deployment();
    const { manifest, tokenize } = deployment;
    const options = parseOptions(EmbeddingsSchema, await readJson(context.req.raw));
    check(options, deployment);
    const items = itemsOf(options.input);
    const texts = items.flatMap((each) => ("text" in each ? [each.text] : []));
    const fetchRemote = remoteFetcher(context.env, timing, lease);
    const shown = items.filter((each) => "image" in each);
    const pointers = shown.map(({ pointer }) => pointer);
    const pictures = await Promise.all(shown.map(({ image, pointer }) => pictureFromJson(image, pointer, fetchRemote)));

    const [words, images] = await Promise.all([
      texts.length > 0 ? timing.measure("text", () => isolate.texts.encode(context.env.TEXT, deployment, texts)) : [],
      pictures.length > 0 ? encodePictures(context.env, timing, manifest, pictures, pointers) : [],
    ]);
    const [nextText, nextImage] = [words.values(), images.values()];
    const vectors = items.map(
      (each) => ("text" in each ? nextText : nextImage).next().value?.vector ?? new Float32Array(),
    );

    const tokens = texts.reduce((sum, each) => sum + tokenize(each).length, 0);
    context.header("x-edgeclip-space", manifest.space);
    return context.json({
      object: "list",
      data: vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: options.encoding_format === "base64" ? base64(vector) : Array.from(vector),
      })),
      model: manifest.id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  });
