// The playground: a photo and labels in, bars, timing and the curl of the same request out.

const TOP_K = "5";
/** More labels than a query takes go in a JSON body. */
const QUERY_LABELS = 100;

/** @param {string} id */
const at = (id) => document.getElementById(id);

/** @type {File | undefined} */
let photo;
/** Only the newest request may write its answer. */
let newest = 0;

const source = () => document.querySelector("input[name=source]:checked").value;

/** The options that the form stands for, as query pairs. */
function options() {
  if (source() === "bank")
    return [
      ["bank", at("bank").value],
      ["top_k", TOP_K],
    ];
  const labels = at("labels")
    .value.split(/[,\n]/)
    .map((label) => label.trim())
    .filter(Boolean);
  const template = at("template").value.trim();
  return [...labels.map((label) => ["labels", label]), ...(template ? [["template", template]] : []), ["top_k", TOP_K]];
}

/** The body for more labels than a query takes. */
async function jsonBody(pairs) {
  const reader = new FileReader();
  const uri = new Promise((resolve) => reader.addEventListener("load", () => resolve(reader.result)));
  reader.readAsDataURL(photo);
  const [, data] = String(await uri).split(",");
  const rest = Object.fromEntries(pairs.filter(([name]) => name !== "labels"));
  return JSON.stringify({
    image: { data },
    labels: pairs.filter(([name]) => name === "labels").map(([, label]) => label),
    ...rest,
    top_k: Number(TOP_K),
  });
}

/** As a word that a POSIX shell takes literally. */
const quoted = (word) => (/^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function curlOf(pairs) {
  const url = `${location.origin}/v1/classify?${new URLSearchParams(pairs)}`;
  return `curl --data-binary ${quoted(`@${photo.name}`)} '${url}'`;
}

function show(status, bad = false) {
  at("status").textContent = status;
  at("status").classList.toggle("bad", bad);
  for (const id of ["predictions", "notes", "timing"]) at(id).replaceChildren();
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function bar({ label, score, cosine }) {
  const item = element("li");
  const line = element("div");
  line.className = "line";
  line.append(
    element("span", label),
    element("small", `${(score * 100).toFixed(1)} %  ·  cosine ${cosine.toFixed(3)}`),
  );
  const track = element("div");
  track.className = "track";
  const fill = element("div");
  fill.style.width = `${score * 100}%`;
  track.append(fill);
  item.append(line, track);
  return item;
}

function showAnswer(answer, timing) {
  const { predictions, abstained, warnings, model, bank } = answer;
  show(abstained ? "No label reaches the threshold." : `${model.id}, ${bank ? `bank ${bank.id}` : "your labels"}`);
  at("predictions").append(...predictions.map(bar));
  at("notes").append(...warnings.map(({ message }) => element("li", message)));
  at("timing").textContent = timing;
}

/** `decode;dur=3, encode;dur=20` as words. */
const parts = (header) => [...(header ?? "").matchAll(/(\w+);dur=(\d+)/g)].map(([, name, ms]) => `${name} ${ms} ms`);

async function ask() {
  if (!photo) return;
  const own = ++newest;
  const pairs = options();
  at("answer").ariaBusy = "true";
  try {
    const many = pairs.filter(([name]) => name === "labels").length > QUERY_LABELS;
    const request = many
      ? { url: "/v1/classify", body: await jsonBody(pairs), headers: { "content-type": "application/json" } }
      : {
          url: `/v1/classify?${new URLSearchParams(pairs)}`,
          body: photo,
          headers: { "content-type": "application/octet-stream" },
        };
    const start = performance.now();
    const response = await fetch(request.url, { method: "POST", body: request.body, headers: request.headers });
    const answer = await response.json();
    const total = `${Math.round(performance.now() - start)} ms round trip`;
    if (own !== newest) return;
    if (response.ok) showAnswer(answer, [total, ...parts(response.headers.get("server-timing"))].join(" · "));
    else show(`${answer.title}: ${answer.detail} (request ${answer.instance})`, true);
    at("request").hidden = many;
    at("curl").textContent = many ? "" : curlOf(pairs);
  } catch (error) {
    if (own === newest) show(`The Worker cannot be reached: ${error.message}`, true);
  } finally {
    if (own === newest) at("answer").ariaBusy = "false";
  }
}

/** @param {File | undefined | null} file */
function take(file) {
  if (!file) return;
  photo = file;
  const preview = at("preview");
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.alt = file.name;
  preview.hidden = false;
  preview.onerror = () => {
    preview.hidden = true;
    at("hint").hidden = false;
    at("hint").textContent = file.name;
  };
  at("hint").hidden = true;
  ask();
}

async function listBanks() {
  const response = await fetch("/v1/labels");
  if (!response.ok) return show("The label banks cannot be listed.", true);
  const { data } = await response.json();
  for (const { id, title, count } of data) {
    const option = element("option", `${title} (${count})`);
    option.value = id;
    option.selected = id === "everyday";
    at("bank").append(option);
  }
}

at("file").addEventListener("change", () => take(at("file").files[0]));
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", type === "dragover");
    if (type === "drop") take(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
at("form").addEventListener("submit", (event) => event.preventDefault());
at("form").addEventListener("change", (event) => {
  at("with-bank").hidden = source() !== "bank";
  at("with-labels").hidden = source() !== "labels";
  if (event.target !== at("file")) ask();
});
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(at("curl").textContent);
  at("copy").textContent = "Copied";
  setTimeout(() => at("copy").replaceChildren("Copy"), 1_500);
});

listBanks();
