// The towers of a pack on the first execution provider that opens.
import type { TowerName } from "../core/pack/manifest.ts";
import { type Engine, openEngine } from "./engine.ts";
import { installProvider } from "./install.ts";
import type { Options } from "./options.ts";
import type { Pack } from "./pack.ts";
import type { Provider } from "./provider.ts";

export interface Engines {
  provider: Provider;
  towers: Map<TowerName, Engine>;
}

async function openOn(provider: Provider, { dir, towers }: Pack, { device, threads }: Options): Promise<Engines> {
  const opened = new Map<TowerName, Engine>();
  try {
    for (const tower of towers) opened.set(tower, await openEngine({ packDir: dir, tower, provider, device, threads }));
    return { provider, towers: opened };
  } catch (error) {
    await Promise.all([...opened.values()].map((engine) => engine.close()));
    throw error;
  }
}

/** @throws Error with what the last provider said when none opens */
export async function openEngines(
  tries: readonly Provider[],
  pack: Pack,
  options: Options,
  log: (line: string) => void,
): Promise<Engines> {
  let last: unknown;
  for (const provider of tries) {
    try {
      await installProvider(provider, log);
      return await openOn(provider, pack, options);
    } catch (error) {
      last = error;
      log(`${provider} does not open: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`No execution provider of ${tries.join(", ")} opens.`, { cause: last });
}
