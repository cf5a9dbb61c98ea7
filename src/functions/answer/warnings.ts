// What an answer warns of: the request was served, but not quite as it was meant.
import type { Manifest } from "../../core/pack/manifest.ts";

export interface Warning {
  code:
    | "text_truncated"
    | "animation_first_frame"
    | "demo_model"
    | "policy_uncalibrated"
    | "text_ignored"
    | "escalation_failed";
  message: string;
  pointer?: string;
}

/** @param list where the texts stand in the request, e.g. `/labels` */
export const truncationWarnings = (
  texts: readonly { truncated: boolean }[],
  { text }: Manifest,
  list: string,
): Warning[] =>
  texts.flatMap(({ truncated }, index): Warning[] => {
    const message = `This text does not fit ${text.context} tokens; its end was cut.`;
    return truncated ? [{ code: "text_truncated", message, pointer: `${list}/${index}` }] : [];
  });

/** @param list where the pictures stand, when there can be several */
export const animationWarnings = (pictures: readonly { animated: boolean }[], list?: string): Warning[] =>
  pictures.flatMap(({ animated }, index): Warning[] => {
    const message = "The picture has several frames; the first was looked at.";
    return animated
      ? [{ code: "animation_first_frame", message, ...(list === undefined ? {} : { pointer: `${list}/${index}` }) }]
      : [];
  });
