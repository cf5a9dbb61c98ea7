// The three forms of a request with a picture (raw body, multipart, JSON) as one: the bytes, and the options beside them.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import { readBody } from "../body/readBody.ts";
import { pictureFromJson } from "./picture.ts";

const JSON_BYTES_CAP = 28 * 2 ** 20;
/** The parts beside the picture: options, boundaries. */
const MULTIPART_BYTES_CAP = PICTURE_BYTES_CAP + 2 ** 20;

export interface Input {
  bytes: Uint8Array<ArrayBuffer>;
  options: Record<string, unknown>;
  /** How an option is called in an error: a JSON pointer, or a parameter. */
  form: "json" | "parameters";
}

/** Option keys that may be repeated. */
const LISTS = new Set(["labels"]);
const NUMBERS = new Set(["top_k", "threshold"]);

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

/** @throws Problem `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_base64`, `invalid_request` */
export async function readInput(request: Request): Promise<Input> {
  const form = formOf(request);
  const body = await readBody(request, bodyCap(request));
  const query = [...new URL(request.url).searchParams];
  if (form === "raw") return { bytes: body, options: optionsOf(query), form: "parameters" };
  if (form === "multipart") return fromMultipart(request, body, query);
  const { image, ...options } = jsonObject(body);
  const bytes = pictureFromJson(image, "/image");
  if (bytes.byteLength > PICTURE_BYTES_CAP)
    throw new Problem("body_too_large", `A picture may have ${PICTURE_BYTES_CAP / 2 ** 20} MiB.`);
  return { bytes, options: { ...optionsOf(query), ...options }, form: "json" };
}

function jsonObject(body: Uint8Array): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch (cause) {
    throw new Problem("invalid_json", "The body is not valid JSON.", { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Problem("invalid_request", "The body must be a JSON object.", {
      errors: [{ pointer: "", message: "must be an object" }],
    });
  }
  return { ...json };
}

async function fromMultipart(
  request: Request,
  body: Uint8Array<ArrayBuffer>,
  query: [string, string][],
): Promise<Input> {
  const type = request.headers.get("content-type") ?? "";
  let data: FormData;
  try {
    data = await new Response(body, { headers: { "content-type": type } }).formData();
  } catch (cause) {
    throw new Problem("invalid_request", "The body is not the multipart form that its content type says.", { cause });
  }
  const images = data.getAll("image");
  const [image] = images;
  const message = images.length > 1 ? "one picture is taken here" : "must be a file part";
  if (images.length !== 1 || image === undefined || typeof image === "string") {
    throw new Problem("invalid_request", `image: ${message}.`, { errors: [{ parameter: "image", message }] });
  }
  const fields = [...data].flatMap(([name, value]): [string, string][] =>
    name !== "image" && typeof value === "string" ? [[name, value]] : [],
  );
  return {
    bytes: new Uint8Array(await image.arrayBuffer()),
    options: optionsOf([...query, ...fields]),
    form: "parameters",
  };
}

/** Text of a query or form as the values that it stands for; what is no number stays text and is refused by the schema. */
function optionsOf(pairs: [string, string][]): Record<string, unknown> {
  const options = new Map<string, unknown>();
  for (const [name, text] of pairs) {
    const value = NUMBERS.has(name) && /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    const before = options.get(name);
    if (LISTS.has(name)) options.set(name, [...(Array.isArray(before) ? before : []), value]);
    else if (before === undefined) options.set(name, value);
    else
      throw new Problem("invalid_request", `${name} is repeated.`, {
        errors: [{ parameter: name, message: "is repeated" }],
      });
  }
  return Object.fromEntries(options);
}
