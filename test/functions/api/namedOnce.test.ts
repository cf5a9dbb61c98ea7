// An unknown bank is named where the request gave it, and once.
import { expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { namedOnce } from "../../../src/functions/api/namedOnce.ts";
import type { Deployment } from "../../../src/functions/deployment/deployment.ts";
import { bankOf } from "../../../src/functions/tasks/classifier.ts";

function unknownBank(): Problem {
  try {
    bankOf("none", { banks: new Map() } as unknown as Deployment);
  } catch (error) {
    return Problem.from(error);
  }
  throw new Error("there is one");
}

test.each([
  ["query of a raw body", "?bank=none", "image/jpeg", { parameter: "bank" }],
  ["form", "", "multipart/form-data; boundary=x", { parameter: "bank" }],
  ["query of lines", "?bank=none", "application/x-ndjson", { parameter: "bank" }],
  ["JSON", "", "application/json; charset=utf-8", { pointer: "/bank" }],
  ["query beside JSON", "?bank=none", "application/json", { parameter: "bank" }],
])("%s", (_name, query, type, named) => {
  const request = new Request(`http://localhost/${query}`, { headers: { "content-type": type } });
  const { errors, code, status } = namedOnce(unknownBank(), request);
  expect({ errors, code, status }).toEqual({
    ...{ code: "bank_not_found", status: 404 },
    errors: [{ ...named, message: expect.any(String) }],
  });
});
