// The playground: photos and options in; bars, timing, the answer and the curl of the same request out.
import { DRAWINGS, element } from "./drawing.js";
import { photos, startPhotos } from "./photos.js";
import { missingFor, requestOf } from "./requests.js";
import { selected, startTabs } from "./tabs.js";

/** @param {string} id */
const at = (id) => document.getElementById(id);

/** Without another key this long, what was typed is asked. */
const TYPING_MS = 800;

/** Only the newest request may write its answer. */
let newest = 0;
/** @type {{id: string, title: string, tenants: string[], categories: object[]}[]} */
let policies = [];

function show({ status, tone = "", bars = [], notes = [] }, timing = "") {
  at("status").textContent = status;
  at("status").className = tone;
  at("bars").replaceChildren(...bars);
  at("notes").replaceChildren(...notes.map((note) => element("li", note)));
  at("timing").textContent = timing;
}

function showCode(curl, answer) {
  at("request").hidden = curl === undefined;
  at("curl").textContent = curl ?? "";
  at("response").hidden = answer === undefined;
  at("json").textContent = answer === undefined ? "" : JSON.stringify(answer, null, 1);
}

/** `decode;dur=3, encode;dur=20` as words. */
const parts = (header) => [...(header ?? "").matchAll(/(\w+);dur=(\d+)/g)].map(([, name, ms]) => `${name} ${ms} ms`);

async function ask() {
  const own = ++newest;
  const tab = selected();
  const chosen = photos().filter((photo) => photo !== undefined);
  if (chosen.length === 0) return;
  const missing = missingFor(tab);
  if (missing) {
    at("answer").ariaBusy = "false";
    show({ status: missing });
    return;
  }
  at("answer").ariaBusy = "true";
  try {
    const { url, body, headers, curl } = await requestOf(tab, chosen);
    const asked = {
      policies,
      photos: chosen.map(({ name }) => name),
      texts: body instanceof FormData ? body.getAll("texts") : [],
    };
    const start = performance.now();
    const response = await fetch(url, { method: "POST", body, headers });
    const answer = await response.json();
    const total = `${Math.round(performance.now() - start)} ms round trip`;
    if (own !== newest) return;
    if (response.ok) {
      const drawn = DRAWINGS[tab](answer, asked);
      const notes = [...drawn.notes, ...answer.warnings.map(({ message }) => message)];
      const timing = [answer.model.id, total, ...parts(response.headers.get("server-timing"))].join(" · ");
      show({ ...drawn, notes }, timing);
    } else show({ status: `${answer.title}: ${answer.detail} (request ${answer.instance})`, tone: "bad" });
    showCode(curl, answer);
  } catch (error) {
    if (own === newest) show({ status: `The Worker cannot be reached: ${error.message}`, tone: "bad" });
  } finally {
    if (own === newest) at("answer").ariaBusy = "false";
  }
}

/** The timer of what is being typed. */
let typing = 0;

/** A changed tab or option empties the answer of another question. */
function refresh() {
  clearTimeout(typing);
  newest++;
  show({ status: "The answer appears here." });
  showCode(undefined, undefined);
  ask();
}

function options(select, choices) {
  at(select).replaceChildren(
    ...choices.map(([value, text, selected = false]) => {
      const option = element("option", text);
      Object.assign(option, { value, selected });
      return option;
    }),
  );
}

function listTenants() {
  const { tenants = [] } = policies.find(({ id }) => id === at("policy").value) ?? {};
  options("tenant", [["", "none"], ...tenants.map((tenant) => [tenant, tenant])]);
}

async function list() {
  const [banks, rules] = await Promise.all(
    ["/v1/labels", "/v1/policies"].map(async (path) => {
      const response = await fetch(path);
      if (!response.ok) throw new Error(`${path} answers ${response.status}`);
      return (await response.json()).data;
    }),
  );
  policies = rules;
  options(
    "bank",
    banks.map(({ id, title, count }) => [id, `${title} (${count})`, id === "everyday"]),
  );
  options(
    "policy",
    policies.map(({ id, title }) => [id, `${title} (${id})`, id === "default"]),
  );
  listTenants();
}

startPhotos(ask);
startTabs(refresh);
at("form").addEventListener("submit", (event) => event.preventDefault());
at("form").addEventListener("change", ({ target }) => {
  if (target.type === "file") return;
  if (target.name === "source") {
    at("with-bank").hidden = target.value !== "bank";
    at("with-labels").hidden = target.value !== "labels";
  }
  if (target.id === "policy") listTenants();
  refresh();
});
at("form").addEventListener("input", ({ target }) => {
  if (!target.matches("textarea, input:not([type=file], [type=radio])")) return;
  clearTimeout(typing);
  typing = setTimeout(refresh, TYPING_MS);
});
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(at(button.dataset.copies).textContent);
    button.textContent = "Copied";
    setTimeout(() => button.replaceChildren("Copy"), 1_500);
  });
}
list().catch((error) => show({ status: `Banks and policies cannot be listed: ${error.message}`, tone: "bad" }));
