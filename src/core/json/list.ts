// A list of so many items at most: its length is looked at before any of them, so that a million wrong ones are one issue.
import * as v from "valibot";

/**
 * @param message where there is no list
 * @param tooMany where it has more than `most` items
 */
export function list<S extends v.GenericSchema>(item: S, message: string, most: number, tooMany: string) {
  const schema = v.pipe(v.array(item, message), v.maxLength(most, tooMany));
  const unseen = { ...schema, ...v.pipe(v.array(v.any()), v.maxLength(most, tooMany)) };
  const run: (typeof schema)["~run"] = (dataset, config) => {
    const long = Array.isArray(dataset.value) && dataset.value.length > most;
    return (long ? unseen : schema)["~run"](dataset, config);
  };
  return { ...schema, "~run": run };
}
