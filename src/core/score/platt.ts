// Platt scaling: log odds to calibrated probabilities by p = sigmoid(slope * logit + intercept).
// Fit: Newton's method on the log loss, targets softened as in Platt (1999); see Lin, Lin and Weng (2007).

export interface Platt {
  slope: number;
  intercept: number;
}

const ITERATIONS = 100;
const TOLERANCE = 1e-9;
/** Keeps the Hessian invertible where one class is hardly there. */
const RIDGE = 1e-9;

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Log odds as they are: what a bank without a calibration uses. */
export const IDENTITY: Platt = { slope: 1, intercept: 0 };

export const calibrate = (logit: number, { slope, intercept }: Platt): number => sigmoid(slope * logit + intercept);

/**
 * @param logits [n]
 * @param truths [n], 1 where the label is right
 * @throws RangeError unless both outcomes occur
 */
export function fitPlatt(logits: Float64Array, truths: Uint8Array): Platt {
  const positives = truths.reduce((sum, truth) => sum + truth, 0);
  const negatives = truths.length - positives;
  if (positives === 0 || negatives === 0) throw new RangeError("a calibration needs right and wrong labels");
  const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)];

  const loss = ({ slope, intercept }: Platt): number => {
    let sum = 0;
    for (const [i, logit] of logits.entries()) {
      const x = slope * logit + intercept;
      // -t log p - (1 - t) log(1 - p), without overflow
      sum += Math.max(x, 0) - x * (truths[i] ? high : low) + Math.log1p(Math.exp(-Math.abs(x)));
    }
    return sum;
  };

  let fit: Platt = { slope: 1, intercept: Math.log((positives + 1) / (negatives + 1)) };
  let best = loss(fit);
  for (let step = 0; step < ITERATIONS; step++) {
    let [a, b, aa, ab, bb] = [0, 0, RIDGE, 0, RIDGE];
    for (const [i, logit] of logits.entries()) {
      const p = calibrate(logit, fit);
      const residual = p - (truths[i] ? high : low);
      const curvature = p * (1 - p);
      a += residual * logit;
      b += residual;
      aa += curvature * logit * logit;
      ab += curvature * logit;
      bb += curvature;
    }
    const determinant = aa * bb - ab * ab;
    const [slopeStep, interceptStep] = [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant];
    // Newton's step, halved until it helps.
    let next: Platt | undefined;
    let reached = best;
    for (let size = 1; size > 1e-6; size /= 2) {
      const tried = { slope: fit.slope - size * slopeStep, intercept: fit.intercept - size * interceptStep };
      reached = loss(tried);
      if (reached < best) {
        next = tried;
        break;
      }
    }
    if (!next) break;
    const gain = best - reached;
    fit = next;
    best = reached;
    if (gain < TOLERANCE * best) break;
  }
  return fit;
}
