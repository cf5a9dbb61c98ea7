/// <reference types="@cloudflare/vitest-plugin/types" />
// A real database and a real bucket that fail when told to.
import { env } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    interface Env {
      BUCKET: R2Bucket;
    }
  }
}

/** Fails one operation of a database or a bucket, before or after it was done. */
export class Faults {
  /** Operations so far. */
  count = 0;
  /** The operation that fails, from 1. */
  at = 0;
  after = false;

  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.count++;
    if (this.count !== this.at) return operation();
    if (this.after) await operation();
    throw new Error("a drill");
  }
}

/** The object, with these methods under faults. */
function guarded<T extends object>(
  target: T,
  methods: readonly string[],
  faults: Faults,
  wrap: (made: unknown) => unknown,
): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      if (!methods.includes(String(name))) return (...args: unknown[]) => wrap(call(...args));
      return async (...args: unknown[]) => wrap(await faults.run(async () => call(...args)));
    },
  });
}

const real = new WeakMap<object, D1PreparedStatement>();

export function databaseUnder(faults: Faults): D1Database {
  const statement = (made: D1PreparedStatement): D1PreparedStatement => {
    const wrap = (value: unknown) =>
      typeof value === "object" && value !== null && "bind" in value ? statement(value as D1PreparedStatement) : value;
    const proxy = guarded(made, ["first", "run", "all"], faults, wrap);
    real.set(proxy, made);
    return proxy;
  };
  return {
    prepare: (sql: string) => statement(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) =>
      faults.run(() => env.DB.batch(statements.map((each) => real.get(each) ?? each))),
  } as unknown as D1Database;
}

export const bucketUnder = (faults: Faults): R2Bucket => {
  const multipart = (made: unknown) =>
    typeof made === "object" && made !== null && "uploadPart" in made
      ? guarded(made, ["uploadPart", "complete", "abort"], faults, (value) => value)
      : made;
  return guarded(env.BUCKET, ["head", "get", "put", "list", "delete", "createMultipartUpload"], faults, multipart);
};
