// The three forms of a request with a picture (raw body, multipart, JSON) as one: the bytes, and the options beside them.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { parseJson } from "../../core/json/parseJson.ts";
import { Problem } from "../../core/problem.ts";
import { cut } from "../../core/quoted.ts";
import { readBody } from "../body/readBody.ts";
import type { Given } from "../input/options.ts";
import { orUnusable } from "../input/orUnusable.ts";
import { pictureFromJson } from "../input/picture.ts";
import type { FetchRemote } from "../remote/remoteFetcher.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const JSON_BYTES_CAP = 28 * 2 ** 20;
/** The parts beside the picture: options, boundaries. */
const MULTIPART_BYTES_CAP = PICTURE_BYTES_CAP + 2 ** 20;

export interface Input extends Given {
  /** The bytes of each picture. */
  pictures: Bytes[];
  /** Why the one picture cannot be taken, for a tolerant reader; `pictures` is empty then. */
  unusable?: Problem;
}

/** Option keys that may be repeated. */
const LISTS = new Set(["labels", "texts"]);
const NUMBERS = new Set(["top_k", "threshold", "duplicate_threshold", "min_score", "max_tags"]);

type Form = "json" | "multipart" | "raw";

function formOf(request: Request): Form {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (type === "multipart/form-data") return "multipart";
  // curl's own default for --data-binary is a form; what the bytes are is sniffed.
  if (["", "application/octet-stream", "application/x-www-form-urlencoded"].includes(type) || type.startsWith("image/"))
    return "raw";
  throw new Problem(
    "unsupported_media_type",
    `${type} is not taken here: image/*, application/octet-stream, multipart/form-data or application/json.`,
  );
}

/** The most bytes that the body of this request may have. @throws Problem `unsupported_media_type` */
export function bodyCap(request: Request): number {
  return { json: JSON_BYTES_CAP, multipart: MULTIPART_BYTES_CAP, raw: PICTURE_BYTES_CAP }[formOf(request)];
}

/** Whether a picture that is too large ends the request, or is part of what is answered. */
export type Reading = "strict" | "tolerant";

/** @returns the one picture, or for a tolerant reader why there is none */
async function pictureOr(reading: Reading, picture: Promise<Bytes>): Promise<Pick<Input, "pictures" | "unusable">> {
  const read = await (reading === "strict" ? picture : orUnusable(picture));
  return read instanceof Problem ? { pictures: [], unusable: read } : { pictures: [read] };
}

/**
 * @param most pictures that are taken: 1 reads `image`, more read `images` of a JSON body, or repeated parts `image`
 * @throws Problem `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_base64`, `invalid_request`
 */
export async function readInput(
  request: Request,
  most: number,
  fetchRemote: FetchRemote,
  reading: Reading = "strict",
): Promise<Input> {
  const form = formOf(request);
  const query = [...new URL(request.url).searchParams];
  if (form === "raw") {
    const picture = await pictureOr(reading, readBody(request, bodyCap(request)));
    const none = most > 1 && picture.pictures[0]?.byteLength === 0;
    return { ...picture, ...(none && { pictures: [] }), options: optionsOf(query), form: "parameters" };
  }
  const body = await readBody(request, bodyCap(request));
  if (form === "multipart") return fromMultipart(request, body, query, most);
  const json = jsonObject(body);
  const { image, images, ...options } = json;
  const pictures =
    most === 1
      ? await pictureOr(reading, pictureFromJson(image, "/image", fetchRemote))
      : { pictures: await picturesFromJson(images, most, fetchRemote) };
  const others = most === 1 ? { ...("images" in json && { images }) } : { ...("image" in json && { image }) };
  return { ...pictures, options: { ...optionsOf(query), ...options, ...others }, form: "json" };
}

async function picturesFromJson(images: unknown, most: number, fetchRemote: FetchRemote): Promise<Bytes[]> {
  if (images === undefined) return [];
  if (Array.isArray(images) && images.length <= most) {
    return Promise.all(images.map((image: unknown, index) => pictureFromJson(image, `/images/${index}`, fetchRemote)));
  }
  const message = `must be a list of at most ${most} pictures`;
  throw new Problem("invalid_request", `images ${message}.`, { errors: [{ pointer: "/images", message }] });
}

/**
 * A request that is JSON and nothing else.
 * @throws Problem `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_request`
 */
export async function readJson(request: Request): Promise<Input> {
  if (formOf(request) !== "json") throw new Problem("unsupported_media_type", "Send application/json.");
  return { pictures: [], options: jsonObject(await readBody(request, JSON_BYTES_CAP)), form: "json" };
}

function jsonObject(body: Uint8Array): Record<string, unknown> {
  const json = parseJson(body);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Problem("invalid_request", "The body must be a JSON object.", {
      errors: [{ pointer: "", message: "must be an object" }],
    });
  }
  return { ...json };
}

async function fromMultipart(request: Request, body: Bytes, query: [string, string][], most: number): Promise<Input> {
  const type = request.headers.get("content-type") ?? "";
  let data: FormData;
  try {
    data = await new Response(body, { headers: { "content-type": type } }).formData();
  } catch (cause) {
    throw new Problem("invalid_request", "The body is not the multipart form that its content type says.", { cause });
  }
  const images = data.getAll("image");
  const files = images.filter((image) => typeof image !== "string");
  if (files.length < images.length || (most === 1 && files.length === 0))
    throw partProblem("image", "must be a file part");
  if (files.length > most)
    throw partProblem("image", most === 1 ? "one picture is taken here" : `at most ${most} are taken here`);
  const fields = [...data].flatMap(([name, value]): [string, string][] => {
    if (name === "image") return [];
    if (typeof value === "string") return [[name, value]];
    throw partProblem(name, "must be a field, not a file");
  });
  const pictures = await Promise.all(files.map(async (file) => new Uint8Array(await file.arrayBuffer())));
  return { pictures, options: optionsOf([...query, ...fields]), form: "parameters" };
}

const partProblem = (name: string, message: string): Problem =>
  new Problem("invalid_request", `${cut(name)}: ${message}.`, { errors: [{ parameter: cut(name), message }] });

/** The options of a request's query. @throws Problem `invalid_request` where one is repeated that is no list */
export const queryOptions = (request: Request): Given => ({
  options: optionsOf([...new URL(request.url).searchParams]),
  form: "parameters",
});

/** Digits beyond are no number that anything asks for, and take the pattern long. */
const NUMBER_LENGTH = 32;
const NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

const typed = (name: string, text: string): unknown =>
  NUMBERS.has(name) && text.length <= NUMBER_LENGTH && NUMBER.test(text) ? Number(text) : text;

/** Text of a query or form as the values that it stands for; what is no number stays text and is refused by the schema. */
function optionsOf(pairs: [string, string][]): Record<string, unknown> {
  const options = new Map<string, unknown>();
  const lists = new Map([...LISTS].map((name): [string, string[]] => [name, []]));
  for (const [name, text] of pairs) {
    const list = lists.get(name);
    if (list) {
      list.push(text);
      options.set(name, list);
      continue;
    }
    if (options.has(name))
      throw new Problem("invalid_request", `${cut(name)} is repeated.`, {
        errors: [{ parameter: cut(name), message: "is repeated" }],
      });
    options.set(name, typed(name, text));
  }
  return Object.fromEntries(options);
}
