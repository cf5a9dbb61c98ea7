// Retrieval on captioned pictures: whether a caption finds its picture among all, and a picture one of its captions.

const AT = [1, 5, 10] as const;

type Recall = Record<`r${(typeof AT)[number]}`, number>;

export interface RetrievalResult {
  pictures: number;
  captions: number;
  /** A picture found by its caption, over captions; shares of 1. */
  image: Recall;
  /** A caption found by its picture, over pictures. */
  text: Recall;
}

function recallOf(ranks: readonly number[]): Recall {
  const at = (k: number) => (ranks.length > 0 ? ranks.filter((rank) => rank < k).length / ranks.length : 0);
  return { r1: at(1), r5: at(5), r10: at(10) };
}

/**
 * Of equals the one that stands first counts as better, as in a stable sort.
 * @param scores of all candidates
 * @returns how many are better than `target`
 */
function rankOf(scores: Float32Array, target: number): number {
  const own = scores[target] ?? Number.NEGATIVE_INFINITY;
  let better = 0;
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] ?? 0;
    if (score > own || (score === own && at < target)) better++;
  }
  return better;
}

function scoresOf(query: Float32Array, rows: Float32Array, out: Float32Array): void {
  const width = query.length;
  for (let row = 0, at = 0; row < out.length; row++) {
    let dot = 0;
    for (let i = 0; i < width; i++, at++) dot += (query[i] ?? 0) * (rows[at] ?? 0);
    out[row] = dot;
  }
}

/**
 * @param images unit rows [N * D]
 * @param captions unit rows [M * D]
 * @param owner [M], the picture of each caption
 * @param advance told of every query that is done, N + M in all
 */
export function retrieve(
  images: Float32Array,
  captions: Float32Array,
  owner: Int32Array,
  width: number,
  advance: (queries: number) => void = () => undefined,
): RetrievalResult {
  const [n, m] = [images.length / width, captions.length / width];
  const own = Array.from({ length: n }, (): number[] => []);
  for (const [caption, image] of owner.entries()) own[image]?.push(caption);
  const overImages = new Float32Array(n);
  const imageRanks = Array.from(owner, (image, caption) => {
    scoresOf(captions.subarray(caption * width, (caption + 1) * width), images, overImages);
    advance(1);
    return rankOf(overImages, image);
  });
  const overCaptions = new Float32Array(m);
  const textRanks = own.map((mine, image) => {
    scoresOf(images.subarray(image * width, (image + 1) * width), captions, overCaptions);
    advance(1);
    return Math.min(...mine.map((caption) => rankOf(overCaptions, caption)));
  });
  return { pictures: n, captions: m, image: recallOf(imageRanks), text: recallOf(textRanks) };
}
