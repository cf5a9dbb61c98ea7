// The page in real Chromium: every tab gives an answer, with the keyboard and on a phone as well.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
if (!CHROMIUM) console.warn("skipped: the page in Chromium, there is none in /usr/bin and CHROMIUM names none");
const photo = (name: string) => `test/fixtures/pictures/${name}.jpg`;

describe.runIf(CHROMIUM)("the page", () => {
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(inject("url"));
    await page.locator("#policy option[value=clothes]").waitFor({ state: "attached" });
  }, 60_000);
  afterAll(() => browser?.close());

  /** A loaded machine takes its time. */
  const soon = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000 });
  /** Waits for an answer to what was just done. */
  const answered = () => page.locator("#response:not([hidden])").waitFor();
  const bars = () => page.locator("#bars li").allInnerTexts();

  test("classify: a photo gets five bars, the JSON and the curl", async () => {
    await page.setInputFiles("#file", photo("shoes"));
    await answered();
    expect(await bars()).toHaveLength(5);
    expect((await bars()).join()).toContain("shoes");
    expect(await page.locator("#curl").textContent()).toMatch(/^curl --data-binary @shoes\.jpg 'http.*bank=everyday/);
    expect(JSON.parse((await page.locator("#json").textContent()) ?? "").model.id).toBe("nano");
  });

  test("classify with labels of one's own", async () => {
    await page.getByLabel("my own").check();
    await page.getByLabel("Labels, separated").fill("shoes, a cat");
    await page.getByLabel("Labels, separated").blur();
    await soon(bars).toHaveLength(2);
    expect((await bars())[0]).toContain("shoes");
    await page.getByLabel("a label bank").check();
    await answered();
  });

  test("what is typed is asked without leaving the field, and no labels are no request", async () => {
    const labels = page.getByLabel("Labels, separated");
    await page.getByLabel("my own").check();
    await labels.fill("");
    await soon(() => page.locator("#status").textContent()).toBe("Write at least one label.");
    await labels.fill("a boat, shoes");
    await soon(async () => (await bars())[0]).toContain("shoes");
    await page.getByLabel("a label bank").check();
    await answered();
  });

  test("a sample stands in for a photo, with the curl that finds it", async () => {
    await page.getByAltText("Try a hat").click();
    await soon(() => page.locator("#curl").textContent()).toMatch(/^curl --data-binary @web\/samples\/hat\.jpg '/);
    await page.setInputFiles("#file", photo("shoes"));
    await soon(() => page.locator("#curl").textContent()).toContain("@shoes.jpg");
    await answered();
  });

  test("arrow keys move between tabs, and only their options are shown", async () => {
    await page.getByRole("tab", { name: "Classify" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { selected: true }).textContent()).toBe("Tag");
    expect(await page.getByLabel("Tags from this probability on").isVisible()).toBe(true);
    await answered();
    expect(await page.locator("#json").textContent()).toContain('"tags"');
    await page.keyboard.press("End");
    expect(await page.getByRole("tab", { selected: true }).textContent()).toBe("Compare");
    expect(await page.getByLabel("Bank", { exact: true }).isVisible()).toBe(false);
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { selected: true }).textContent()).toBe("Classify");
  });

  test("moderate: the decision in words, the reason, and what the model cannot tell", async () => {
    await page.getByRole("tab", { name: "Moderate" }).click();
    await page.getByLabel("Policy").selectOption("clothes");
    await answered();
    await soon(() => page.locator("#status").textContent()).toMatch(/^block: /);
    const notes = await page.locator("#notes").textContent();
    expect(notes).toContain("footwear");
    expect(notes).toContain("This model cannot tell: jewellery.");
    await page.getByLabel("Tenant").selectOption("cobbler");
    await soon(() => page.locator("#status").textContent()).toMatch(/^allow: /);
  });

  test("compare: two photos and texts, every pair a bar; the same photo twice is told", async () => {
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.setInputFiles("#second", photo("shoes"));
    await soon(bars).toHaveLength(5);
    expect((await bars())[0]).toMatch(/shoes\.jpg and shoes\.jpg\s+cosine 1\.000/);
    await soon(() => page.locator("#notes").textContent()).toContain("near duplicates");
    expect(await page.locator("#curl").textContent()).toContain("-F image=@shoes.jpg -F image=@shoes.jpg -F 'texts=");
  });

  test("an error is told with the request's id", async () => {
    await page.getByRole("tab", { name: "Classify" }).click();
    await page.setInputFiles("#file", "package.json");
    await soon(() => page.locator("#status").textContent()).toMatch(/\(request [0-9a-f-]{36}\)/);
    expect(errors.filter((error) => !error.includes("415"))).toEqual([]);
  });

  test("a phone shows everything without scrolling sideways", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of ["Classify", "Tag", "Moderate", "Compare"]) {
      await page.getByRole("tab", { name }).click();
      await page.setInputFiles("#file", photo("jacket"));
      await answered();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    }
  });
});
