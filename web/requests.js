// What each tab asks: the request as fetch sends it, and the same as a line of curl.

const TOP_K = 5;
/** More labels than a query takes go in a JSON body. */
const QUERY_LABELS = 100;

/** @param {string} id */
const value = (id) => document.getElementById(id).value.trim();
const lines = (id, separator) =>
  value(id)
    .split(separator)
    .map((line) => line.trim())
    .filter(Boolean);
const fromBank = () => document.querySelector("input[name=source]:checked").value === "bank";

/** Where curl finds the photo: a sample in the project, any other in the folder that one is in. */
const fileOf = (photo) => photo.path ?? photo.name;

/** As a word that a POSIX shell takes literally. */
const quoted = (word) => (/^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** @returns what has to be filled in before anything can be asked, undefined when that is done */
export function missingFor(tab) {
  const own = (tab === "classify" || tab === "tag") && !fromBank();
  return own && lines("labels", /[,\n]/).length === 0 ? "Write at least one label." : undefined;
}

/** The label bank or the labels of the form, as query pairs. */
function labelPairs() {
  if (fromBank()) return [["bank", value("bank")]];
  const template = value("template");
  return [...lines("labels", /[,\n]/).map((label) => ["labels", label]), ...(template ? [["template", template]] : [])];
}

function raw(path, photo, pairs) {
  const url = `${path}?${new URLSearchParams(pairs)}`;
  // Braces need no escape, but curl would read them as a list without -g.
  const readable = url.replaceAll("%7B", "{").replaceAll("%7D", "}");
  const globbing = readable === url ? "" : "-g ";
  return {
    url,
    body: photo,
    headers: { "content-type": "application/octet-stream" },
    curl: `curl ${globbing}--data-binary ${quoted(`@${fileOf(photo)}`)} '${location.origin}${readable}'`,
  };
}

async function json(path, photo, pairs) {
  const data = btoa(
    Array.from(new Uint8Array(await photo.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""),
  );
  const options = Object.fromEntries(pairs.filter(([name]) => name !== "labels"));
  const labels = pairs.filter(([name]) => name === "labels").map(([, label]) => label);
  const body = JSON.stringify({ image: { data }, labels, ...options });
  return { url: path, body, headers: { "content-type": "application/json" }, curl: undefined };
}

function withLabels(path, photo, options) {
  const pairs = labelPairs();
  const many = pairs.filter(([name]) => name === "labels").length > QUERY_LABELS;
  return many ? json(path, photo, [...pairs, ...options]) : raw(path, photo, [...pairs, ...options]);
}

function compare(photos) {
  const form = new FormData();
  for (const photo of photos) form.append("image", photo);
  const texts = lines("texts", "\n");
  for (const text of texts) form.append("texts", text);
  const parts = [
    ...photos.map((photo) => `-F ${quoted(`image=@${fileOf(photo)}`)}`),
    ...texts.map((text) => `-F ${quoted(`texts=${text}`)}`),
  ];
  return {
    url: "/v1/similarity",
    body: form,
    headers: {},
    curl: `curl ${parts.join(" ")} ${location.origin}/v1/similarity`,
  };
}

/**
 * @param {string} tab
 * @param {File[]} photos at least one
 * @returns {Promise<{url: string, body: BodyInit, headers: Record<string, string>, curl: string | undefined}>}
 */
export async function requestOf(tab, photos) {
  const [photo] = photos;
  if (tab === "classify") return withLabels("/v1/classify", photo, [["top_k", TOP_K]]);
  if (tab === "tag") return withLabels("/v1/tag", photo, [["min_score", Number(value("min-score"))]]);
  if (tab === "compare") return compare(photos);
  const tenant = value("tenant");
  return raw("/v1/moderate", photo, [["policy", value("policy")], ...(tenant ? [["tenant", tenant]] : [])]);
}
