// NVIDIA Triton's HTTP protocol on loopback, as its documentation tells it, over what `models export --to triton` wrote.
// https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/README.html
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { openGraph } from "../../src/build/ort.ts";
import { type Message, parsePbtxt } from "../build/triton/parsePbtxt.ts";

interface Port {
  name: string;
  data_type: string;
  dims: number[];
}
interface Parameter {
  key: string;
  value: { string_value: string };
}
interface InferRequest {
  id?: string;
  parameters?: { binary_data_output?: boolean };
  inputs: { name: string; shape: number[]; datatype: string; parameters?: { binary_data_size?: number } }[];
}

export interface TritonServer {
  url: string;
  /** Requests, as method and path. */
  asked: string[];
  /** Of the configuration, by name: Triton keeps them as a map. */
  parameters: Record<string, { string_value: string }>;
  close(): Promise<void>;
}

const listed = <T>(value: unknown): T[] => (Array.isArray(value) ? value : [value]) as T[];

/** @param repository the folder that holds the model's. @param model served as its only version, 1 */
export async function tritonServer(repository: string, model: string): Promise<TritonServer> {
  const config: Message = parsePbtxt(readFileSync(join(repository, model, "config.pbtxt"), "utf8"));
  const [input] = listed<Port>(config.input);
  const [output] = listed<Port>(config.output);
  if (!input || !output) throw new Error("a model without tensors");
  const most = Number(config.max_batch_size);
  const version = join(repository, model, "1");
  const graph = await openGraph(new Uint8Array(readFileSync(join(version, "model.onnx"))), version, "vision");
  const typed = ({ name, data_type, dims }: Port) => ({
    ...{ name, datatype: data_type.replace("TYPE_", ""), shape: [-1, ...dims] },
  });
  const path = `/v2/models/${model}`;

  const infer = async (body: Buffer, headerLength: string | undefined) => {
    const end = headerLength === undefined ? body.length : Number(headerLength);
    const { id, parameters, inputs } = JSON.parse(body.subarray(0, end).toString()) as InferRequest;
    const [given] = inputs;
    const expected = typed(input);
    if (!given || given.name !== input.name)
      throw new Error(`unexpected inference input '${given?.name}' for model '${model}'`);
    if (given.datatype !== expected.datatype)
      throw new Error(
        `inference input '${input.name}' data-type is '${given.datatype}', but model '${model}' expects '${expected.datatype}'`,
      );
    const [batch = 0, ...rest] = given.shape;
    if (batch > most) throw new Error(`inference request batch-size must be <= ${most} for '${model}'`);
    if (rest.join() !== input.dims.join())
      throw new Error(
        `unexpected shape for input '${input.name}' for model '${model}'. Expected [-1,${input.dims}], got [${given.shape}]`,
      );
    const size = given.parameters?.binary_data_size;
    if (size !== body.length - end) throw new Error(`unexpected size for input '${input.name}'`);
    const vectors = (await graph.runAll(new Uint8Array(body.subarray(end)), given.shape)).get(output.name);
    if (!vectors) throw new Error("the graph has no such output");
    const bytes = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const told = { name: output.name, datatype: "FP32", shape: [batch, ...output.dims] };
    const head = { ...(id === undefined ? {} : { id }), model_name: model, model_version: "1" };
    if (!parameters?.binary_data_output) {
      const document = { ...head, outputs: [{ ...told, data: [...vectors] }] };
      return { type: "application/json", header: undefined, body: Buffer.from(JSON.stringify(document)) };
    }
    const json = Buffer.from(
      JSON.stringify({ ...head, outputs: [{ ...told, parameters: { binary_data_size: bytes.length } }] }),
    );
    return { type: "application/octet-stream", header: json.length, body: Buffer.concat([json, bytes]) };
  };

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    made.asked.push(`${request.method} ${request.url}`);
    const json = (status: number, document: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(document));
    };
    if (request.url === path)
      return json(200, {
        ...{ name: model, versions: ["1"], platform: config.platform },
        ...{ inputs: [typed(input)], outputs: [typed(output)] },
      });
    if (request.url === `${path}/config`)
      return json(200, { ...config, input: [input], output: [output], parameters: made.parameters });
    if (request.url !== `${path}/infer`) return json(400, { error: `Request for unknown model: ${request.url}` });
    const length = request.headers["inference-header-content-length"];
    try {
      const { type, header, body } = await infer(Buffer.concat(parts), typeof length === "string" ? length : undefined);
      response.writeHead(200, {
        "content-type": type,
        ...(header === undefined ? {} : { "inference-header-content-length": String(header) }),
      });
      response.end(body);
    } catch (error) {
      json(400, { error: error instanceof Error ? error.message : String(error) });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const made: TritonServer = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    asked: [],
    parameters: Object.fromEntries(listed<Parameter>(config.parameters).map(({ key, value }) => [key, value])),
    async close() {
      server.closeAllConnections();
      server.close();
      await graph.release();
    },
  };
  return made;
}
