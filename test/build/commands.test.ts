// What the commands of npm say to a wrong word: one that can be acted on, never a stack trace.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const run = (script: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [`src/build/${script}.ts`, ...args]);

test.each(["start", "deploy", "labels", "policies", "models", "eval", "webhook"])("%s --help", async (script) => {
  const { stdout } = await run(script, "--help");
  expect(stdout).toMatch(new RegExp(`^npm (?:run )?${script}`));
});

describe("a mistake is told in words, with a failing exit", () => {
  test.each<[string, string[], RegExp]>([
    ["start", ["--bogus"], /^Unknown option '--bogus'/],
    ["start", ["--port", "abc"], /^--port must be 0 to 65535, not abc\n$/],
    ["start", ["--pack", "models/none"], /models\/none is no pack/],
    ["deploy", ["--bogus"], /^Unknown option '--bogus'/],
    ["labels", ["fit"], /^There is no command fit\.\n/],
    ["labels", ["calibrate"], /^--bank or --pictures is missing\n/],
    ["labels", ["adapt", "--bank", "none", "--pictures", "test"], /^there is no bank none; there are: .*everyday/],
    ["labels", ["adapt", "--bank", "everyday", "--pictures", "none"], /^--pictures none is no folder/],
    [
      "labels",
      ["calibrate", "--bank", "everyday", "--pictures", "test/fixtures/pictures"],
      /^--pictures test\/fixtures\/pictures has no folders in it/,
    ],
    ["webhook", ["none", "{}"], /^there is no source none; there are: uploads/],
    ["webhook", ["uploads", "{}", "--to", "http://127.0.0.1:1"], /^nobody answers on http:\/\/127\.0\.0\.1:1: is npm/],
    ["policies", ["fit"], /^There is no command fit\.\n/],
    [
      "policies",
      ["calibrate", "--policy", "none", "--pictures", "test"],
      /^there is no policy none; there are: default/,
    ],
  ])("%s %j", async (script, args, message) => {
    const failing = expect.objectContaining({ code: 1, stderr: expect.stringMatching(message) });
    await expect(run(script, ...args)).rejects.toEqual(failing);
  });
});
