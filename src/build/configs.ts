// The wrangler configuration of each Worker for one pack: model Workers named after it, the api bound to those names.
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "smol-toml";
import type { Manifest } from "../core/pack/manifest.ts";
import { STAGE_DIR } from "./stage.ts";
import { writeIfChanged } from "./writeIfChanged.ts";

export type WorkerName = "image" | "vision" | "text" | "batch" | "api";

/** In the order that a deploy must take: a service binding needs its Worker, and the switch of the api comes last. */
export const WORKERS: readonly WorkerName[] = ["image", "vision", "text", "batch", "api"];

const sourceOf = (worker: WorkerName): string =>
  worker === "api" ? "wrangler.toml" : `src/functions/${worker}/wrangler.toml`;

const isModel = (name: string): boolean => /-(?:vision|text)$/.test(name);

type Table = Record<string, unknown>;
const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface ConfigOptions {
  /** Where the configurations are written. */
  dir: string;
  /** Assets of a tower, where they are not the staged ones. */
  assets?: Partial<Record<WorkerName, string>>;
  /** Id of the database at Cloudflare; locally any will do. */
  database?: string;
  /** Name of the bucket, where it is not that of wrangler.toml. */
  bucket?: string;
  /** The queue of the backends that pull, where some do; the variable PULL_MODEL names their model. */
  pullQueue?: string;
  /** Variables of a Worker beside those of its wrangler.toml. */
  vars?: Partial<Record<WorkerName, Record<string, string>>>;
  /** Entries of a Worker's configuration, in place of those of its wrangler.toml. */
  overrides?: Partial<Record<WorkerName, Table>>;
}

const withProducer = (queues: Table, queue: string): Table => ({
  ...queues,
  producers: [...(Array.isArray(queues.producers) ? queues.producers : []), { binding: "PULL_QUEUE", queue }],
});

/** @returns the path of each Worker's configuration */
export async function writeConfigs(
  { pack, text: { tower } }: Manifest,
  { dir, assets = {}, database, bucket, pullQueue, vars = {}, overrides = {} }: ConfigOptions,
): Promise<Record<WorkerName, string>> {
  const named = (name: unknown): unknown =>
    typeof name === "string" && isModel(name) ? `${name}-${pack.slice(7, 15)}` : name;
  const read = async (worker: WorkerName): Promise<Table> => parse(await readFile(sourceOf(worker), "utf8"));
  const write = async (worker: WorkerName): Promise<string> => {
    const source = sourceOf(worker);
    const config = await read(worker);
    const absolute = (path: unknown): string => resolve(dirname(source), String(path));
    const listed = (value: unknown): Table[] => (Array.isArray(value) ? value.filter(isTable) : []);
    const [services, databases, buckets] = [config.services, config.d1_databases, config.r2_buckets].map(listed) as [
      ...[Table[], Table[], Table[]],
    ];
    // What a deployment sets for the api holds for batch, which judges and calls others as it does.
    const shared = worker === "batch" ? (await read("api")).vars : {};
    // Without a text Worker the api says so to free texts.
    const bound = services.filter(({ binding }) => binding !== "TEXT" || tower !== "deploy");
    const own = { ...(isTable(shared) ? shared : {}), ...(isTable(config.vars) ? config.vars : {}), ...vars[worker] };
    const placed: Table = {
      ...config,
      name: named(config.name),
      main: absolute(config.main),
      ...(isTable(config.assets)
        ? { assets: { ...config.assets, directory: resolve(assets[worker] ?? absolute(config.assets.directory)) } }
        : {}),
      ...(services.length > 0
        ? { services: bound.map((service) => ({ ...service, service: named(service.service) })) }
        : {}),
      ...(databases.length > 0
        ? {
            d1_databases: databases.map(({ migrations_dir, ...entry }) => ({
              ...entry,
              ...(database === undefined ? {} : { database_id: database }),
              migrations_dir: absolute(migrations_dir),
            })),
          }
        : {}),
      ...(buckets.length > 0 && bucket !== undefined
        ? { r2_buckets: buckets.map((entry) => ({ ...entry, bucket_name: bucket })) }
        : {}),
      ...(pullQueue !== undefined && isTable(config.queues) ? { queues: withProducer(config.queues, pullQueue) } : {}),
      ...(Object.keys(own).length > 0 ? { vars: own } : {}),
    };
    Object.assign(placed, overrides[worker]);
    const path = join(dir, worker, "wrangler.json");
    await writeIfChanged(path, `${JSON.stringify(placed, null, 1)}\n`);
    return path;
  };
  const all = [write("image"), write("vision"), write("text"), write("batch"), write("api")] as const;
  const [image, vision, text, batch, api] = await Promise.all(all);
  return { image, vision, text, batch, api };
}

export const CONFIG_DIR = join(STAGE_DIR, "config");
/** What `npm start` keeps: its configurations, secrets and database, none of which are ever deployed. */
export const LOCAL_DIR = join(STAGE_DIR, "local");

/** For one wrangler: the first Worker is the one that is reached. */
export const apiFirst = ({ api, image, vision, text, batch }: Record<WorkerName, string>): string[] => [
  ...[api, image, vision, text, batch],
];
