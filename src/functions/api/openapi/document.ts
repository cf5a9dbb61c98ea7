// The OpenAPI 3.1 document of OPERATIONS. https://spec.openapis.org/oas/v3.1.1.html
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { FRAMES } from "../../../core/batch/frames.ts";
import { PROBLEM_STATUS, type ProblemCode } from "../../../core/problem.ts";
import { pictureValue } from "../../input/picture.ts";
import { OPENAI_PATHS } from "../openAiError.ts";
import { NOTHING, type Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

type Json = Record<string, unknown>;

const PICTURE_REF = { $ref: "#/components/schemas/Picture" };
const LINES =
  'A JSON object a line: `{"custom_id", "image": <picture>, …}`, options of the line beside them. The options of the job stand in the query.';
const BINARY = { type: "string", format: "binary" };

/** What is no JSON. */
const BYTES = new Set(["application/octet-stream", FRAMES]);

/** Checks that JSON Schema cannot say are left to the Worker. */
function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): Json {
  const { $schema: _schema, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode,
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema }) => (valibotSchema === pictureValue ? PICTURE_REF : undefined),
  });
  return rest;
}

const propertiesOf = (schema: Json): [string, Json][] =>
  Object.entries((schema.properties ?? {}) as Record<string, Json>);
const requiredOf = (schema: Json): string[] => (schema.required ?? []) as string[];

/** Options in a query are texts; a list repeats its key, an object is JSON. What a query cannot say, such as pairs, goes in JSON. */
const inQuery = (options: Json): Json[] =>
  propertiesOf(options).flatMap(([name, schema]) => {
    const flat = !["pairs", "input"].includes(name);
    const listed = name === "labels" ? { type: "array", items: { type: "string" } } : schema;
    const said = schema.type === "object" ? { content: { "application/json": { schema } } } : { schema: listed };
    return flat ? [{ name, in: "query", required: requiredOf(options).includes(name), ...said }] : [];
  });

function bodyOf({ body, options }: Operation): Json | undefined {
  if (body === undefined) return undefined;
  const schema = options ? schemaOf(options, "input") : { type: "object" };
  if (body === "json") return { required: true, content: { "application/json": { schema } } };
  if (body === "frames") return { required: true, content: { [FRAMES]: { schema: BINARY } } };
  if (body === "lines") {
    const json = { ...schema, required: ["input", ...requiredOf(schema)] };
    const lines = { description: LINES, type: "string" };
    return {
      required: true,
      content: { "application/json": { schema: json }, "application/x-ndjson": { schema: lines } },
    };
  }
  const properties = Object.fromEntries(propertiesOf(schema));
  const several = body === "images";
  const [name, value] = several
    ? ["images", { type: "array", items: PICTURE_REF, maxItems: 32 }]
    : ["image", PICTURE_REF];
  const required = [...(several ? [] : [name]), ...requiredOf(schema)];
  const files = several ? { type: "array", items: BINARY } : BINARY;
  return {
    required: true,
    content: {
      "application/json": { schema: { ...schema, properties: { [name]: value, ...properties }, required } },
      "multipart/form-data": { schema: { type: "object", properties: { image: files, ...properties } } },
      "application/octet-stream": { schema: BINARY },
      "image/*": { schema: BINARY },
    },
  };
}

function errorsOf({ path, errors, open }: Operation): Json {
  const codes: ProblemCode[] = [
    ...errors,
    ...(open ? [] : (["unauthorized", "forbidden", "rate_limited"] as const)),
    "internal_error",
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEM_STATUS[code] ?? 500);
  const openAi = OPENAI_PATHS.has(path);
  const schema = { $ref: `#/components/schemas/${openAi ? "OpenAIError" : "Problem"}` };
  const content = { [openAi ? "application/json" : "application/problem+json"]: { schema } };
  return Object.fromEntries([...byStatus].map(([status, own]) => [status, { description: own.join(", "), content }]));
}

function operationOf(operation: Operation): Json {
  const { id, path, summary, body, options, answers, media = ["application/json"], open } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
  }));
  const query = options && body !== "json" ? inQuery(schemaOf(options, "input")) : [];
  const requestBody = bodyOf(operation);
  const answered = Object.entries(answers).map(([status, schema]) => {
    if (schema === NOTHING) return [status, { description: "Nothing to say." }];
    const content = media.map((type) => [type, { schema: BYTES.has(type) ? BINARY : schemaOf(schema, "output") }]);
    return [status, { description: summary, content: Object.fromEntries(content) }];
  });
  return {
    operationId: id,
    summary,
    ...(inPath.length + query.length > 0 ? { parameters: [...inPath, ...query] } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: { ...Object.fromEntries(answered), ...errorsOf(operation) },
    ...(open ? { security: [] } : {}),
  };
}

const field = {
  type: "object",
  properties: { pointer: { type: "string" }, parameter: { type: "string" }, message: { type: "string" } },
};

const SCHEMAS = {
  Picture: {
    description: "An https address, a data URI, or an object with one of data (base64) and url; in batches also key.",
    oneOf: [
      { type: "string" },
      { type: "object", properties: { data: { type: "string" } }, required: ["data"], additionalProperties: false },
      { type: "object", properties: { url: { type: "string" } }, required: ["url"], additionalProperties: false },
    ],
  },
  Problem: {
    description: "RFC 9457. `instance` is the request id; `errors` names each wrong field.",
    type: "object",
    properties: {
      type: { type: "string", format: "uri" },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string" },
      code: { type: "string", enum: Object.keys(PROBLEM_STATUS) },
      instance: { type: "string" },
      errors: { type: "array", items: field },
    },
    required: ["type", "title", "status", "detail", "code"],
  },
  OpenAIError: {
    type: "object",
    properties: {
      error: {
        type: "object",
        properties: {
          message: { type: "string" },
          type: { type: "string" },
          param: { type: ["string", "null"] },
          code: { type: "string", enum: Object.keys(PROBLEM_STATUS) },
        },
        required: ["message", "type", "param", "code"],
      },
    },
    required: ["error"],
  },
};

/** @param server the address that it is served from */
export function openApiDocument(server: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationOf(operation) };
  return {
    openapi: "3.1.1",
    info: {
      title: "edgeclip",
      version: "1",
      description: "CLIP at the edge: classification, tags, similarity, embeddings and moderation of pictures.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: server }],
    security: [{ key: [] }],
    paths,
    components: { schemas: SCHEMAS, securitySchemes: { key: { type: "http", scheme: "bearer" } } },
  };
}
