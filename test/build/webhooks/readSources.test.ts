// What people may write about a source of webhooks, and what they are told is wrong with it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseSource } from "../../../src/build/webhooks/parseSource.ts";
import { readSources } from "../../../src/build/webhooks/readSources.ts";

const LEAST = "title: Shop\nverify: standard\nsecrets: SHOP_SECRET\nimages: /images\npolicy: default\n";
const parse = (yaml: string) => parseSource("shop.yaml", "shop", yaml);

test("one secret or several, a callback with its own", () => {
  expect(parse(LEAST)).toEqual({
    id: "shop",
    title: "Shop",
    verify: "standard",
    secrets: ["SHOP_SECRET"],
    images: "/images",
    policy: "default",
  });
  const more = LEAST.replace("SHOP_SECRET", "[NEW, OLD]");
  const callback = "callback: {url: https://hooks.example.com/a, secret: CALLBACK_SECRET}\n";
  expect(parse(`${more}tenant: /site\n${callback}`)).toMatchObject({
    secrets: ["NEW", "OLD"],
    tenant: "/site",
    callback: { url: "https://hooks.example.com/a", secrets: ["CALLBACK_SECRET"] },
  });
});

describe("refused by path", () => {
  test.each<[string, string, RegExp]>([
    ["another scheme", LEAST.replace("standard", "none"), /verify: must be one of standard, github/],
    ["a secret itself", LEAST.replace("SHOP_SECRET", "whsec_AAAA"), /secrets\.0: must be the name of a variable/],
    ["no secret", LEAST.replace("SHOP_SECRET", "[]"), /secrets/],
    ["no pointer", LEAST.replace("/images", "images"), /images: must be a JSON pointer/],
    ["a tenant that is none", `${LEAST}tenant: Foo Bar\n`, /tenant: must be a tenant/],
    ["a callback over http", `${LEAST}callback: {url: "http://a.example.com", secret: A}\n`, /callback\.url/],
    ["an unknown field", `${LEAST}colour: red\n`, /colour/],
    ["no YAML", "a: [", /shop\.yaml/],
  ])("%s", (_name, yaml, message) => {
    expect(() => parse(yaml)).toThrow(message);
  });
});

describe("against the policies of the deployment", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "edgeclip-"));
  });
  afterAll(() => rm(dir, { recursive: true }));
  const policies = [{ id: "default", tenants: { acme: {} } }];

  test.each<[string, RegExp | undefined]>([
    [`${LEAST}tenant: acme\n`, undefined],
    [`${LEAST}tenant: other\n`, /tenant: the policy default has no tenant other/],
    [LEAST.replace("default", "strict"), /policy: there is no policy strict/],
  ])("%j", async (yaml, message) => {
    await writeFile(join(dir, "shop.yaml"), yaml);
    if (message) await expect(readSources(dir, policies)).rejects.toThrow(message);
    else expect(await readSources(dir, policies)).toMatchObject([{ id: "shop", tenant: "acme" }]);
  });

  test("no folder, no sources", async () => {
    expect(await readSources(join(dir, "none"), policies)).toEqual([]);
  });
});
