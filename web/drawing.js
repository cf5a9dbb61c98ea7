// Answers as bars and words; colour never says what words do not.

export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const percent = (score) => `${(score * 100).toFixed(1)} %`;

/**
 * @param {string} label
 * @param {string} told beside it
 * @param {number} share of the track, 0 to 1
 * @param {number[]} marks on the track, 0 to 1
 */
function bar(label, told, share, marks = []) {
  const item = element("li");
  const line = element("div", "", "line");
  line.append(element("span", label), element("small", told));
  const track = element("div", "", "track");
  const fill = element("div", "", "fill");
  fill.style.width = `${Math.max(0, share) * 100}%`;
  track.append(fill);
  for (const mark of marks) {
    const line = element("div", "", "mark");
    line.style.left = `${mark * 100}%`;
    track.append(line);
  }
  item.append(line, track);
  return item;
}

const classify = ({ predictions, abstained, bank }) => ({
  status: abstained ? "No label reaches the threshold." : bank ? `Bank ${bank.id}` : "Your labels",
  bars: predictions.map(({ label, score, cosine }) =>
    bar(label, `${percent(score)}  ·  cosine ${cosine.toFixed(3)}`, score),
  ),
  notes: [],
});

const tag = ({ tags, bank, calibrated }) => ({
  status: tags.length === 0 ? "No label reaches that probability." : bank ? `Bank ${bank.id}` : "Your labels",
  bars: tags.map(({ label, score, parents }) => bar([label, ...parents].join(" · "), percent(score), score)),
  notes: calibrated ? [] : ["Not calibrated for this model: read the scores as an order, not as probabilities."],
});

const ABOUT = { allow: "nothing of the policy shows", review: "for people to look at", block: "not to be shown" };
const reasonOf = ({ category, score, threshold, code }) =>
  category === null ? code : `${category}: ${percent(score)}, ${code} at ${percent(threshold)}`;

function moderate({ decision, reasons, categories, unjudged, policy }, { policies }) {
  const rules = policies.find(({ id }) => id === policy.id)?.categories ?? [];
  const judged = Object.entries(categories).filter(([, score]) => score !== null);
  return {
    status: `${decision}: ${ABOUT[decision]}`,
    tone: decision,
    bars: judged
      .sort(([, a], [, b]) => b - a)
      .map(([name, score]) => {
        const { review = 1, block = 1 } = rules.find((rule) => rule.name === name) ?? {};
        const told = policy.tenant === null ? `  ·  review ${percent(review)}, block ${percent(block)}` : "";
        return bar(name, `${percent(score)}${told}`, score, policy.tenant === null ? [review, block] : []);
      }),
    notes: [
      ...reasons.map(reasonOf),
      ...(unjudged.length > 0 ? [`This model cannot tell: ${unjudged.join(", ")}.`] : []),
    ],
  };
}

/** Every pair with a picture in it. */
function compare({ items, matrix, duplicates }, { photos, texts }) {
  const names = items.map(({ kind, index }) => (kind === "image" ? photos[index] : `“${texts[index]}”`));
  const bars = [];
  for (const [a, item] of items.entries()) {
    if (item.kind !== "image") continue;
    for (let b = a + 1; b < items.length; b++) {
      const cosine = matrix[a][b];
      bars.push(bar(`${names[a]} and ${names[b]}`, `cosine ${cosine.toFixed(3)}`, cosine));
    }
  }
  const same = duplicates.map(({ a, b }) => `${names[a]} and ${names[b]} are near duplicates.`);
  return { status: bars.length === 0 ? "Add a second photo or a text." : "Cosines of unit vectors", bars, notes: same };
}

/** @type {Record<string, (answer: any, asked: any) => {status: string, tone?: string, bars: Element[], notes: string[]}>} */
export const DRAWINGS = { classify, tag, moderate, compare };
