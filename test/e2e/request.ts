// Requests to a running collection, and the shapes of its answers.
import { readFile } from "node:fs/promises";
import { inject } from "vitest";

export interface Answer {
  predictions: { label: string; score: number; cosine: number }[];
  abstained: boolean;
  model: { id: string; space: string; pack: string };
  bank: { id: string; hash: string; calibrated: boolean } | null;
  warnings: { code: string; message: string; pointer?: string }[];
}

export interface ProblemAnswer {
  code: string;
  status: number;
  detail: string;
  instance: string;
  errors?: { pointer?: string; parameter?: string; message: string }[];
}

export const picture = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(`test/fixtures/pictures/${name}.jpg`));

export const post = (query: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${inject("url")}/v1/classify${query}`, { method: "POST", body, headers });

export const postJson = (body: unknown): Promise<Response> =>
  post("", JSON.stringify(body), { "content-type": "application/json" });

/** @throws Error with the problem when the answer is one */
export async function answerOf(response: Response): Promise<Answer> {
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<Answer>;
}

export const problemOf = (response: Response): Promise<ProblemAnswer> => response.json() as Promise<ProblemAnswer>;

export const dataUri = (bytes: Uint8Array): string => `data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`;
