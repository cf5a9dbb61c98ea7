// What a label becomes before it is embedded: its own prompts, or the bank's templates filled in.

const PLACE = "{}";

/** A template names its place exactly once. */
export const isTemplate = (template: string): boolean => template.split(PLACE).length === 2;

/** `a {}` becomes `an {}` before a vowel; spelling decides, which is right for all but a few (`an hourglass`, `a unicycle`). */
function withArticle(template: string, name: string): string {
  const vowel =
    (/^[aeiou]/i.test(name) && !/^(?:uni[^n]|use|eu|one\b)/i.test(name)) || /^(?:hour|honest|heir)/i.test(name);
  return template.replace(/\b([Aa]) \{\}/, vowel ? "$1n {}" : "$1 {}");
}

/**
 * @param label its own prompts replace the templates; a prompt without `{}` is taken as it is
 * @returns prompts without repeats; none only for a label that has none, which is one by its pictures alone
 */
export function prompts(
  label: { name: string; prompts?: readonly string[] | undefined },
  templates: readonly string[],
  options: { articles: boolean },
): string[] {
  const fill = (template: string) =>
    (options.articles ? withArticle(template, label.name) : template).replace(PLACE, () => label.name);
  return [...new Set((label.prompts ?? templates).map(fill))];
}
