// Entries of api and batch over a deployment of the tests' own, so that what others stage meanwhile does not reach them.
import { resolve } from "node:path";
import { writeIfChanged } from "../../src/build/writeIfChanged.ts";

/** @param dir with the staged deployment in its folder `deployment`. @returns `main` of each Worker's configuration */
export async function writeEntries(dir: string): Promise<{ api: string; batch: string }> {
  const write = async (worker: "api" | "batch", create: string, files: string): Promise<string> => {
    const path = resolve(dir, `${worker}.ts`);
    const lines = [
      ...(worker === "batch" ? ['import { big } from "./deployment/big.ts";'] : []),
      'import { deployment } from "./deployment/deployment.ts";',
      `import { ${create} } from "${resolve(`src/functions/${worker}/app.ts`)}";`,
      `export default ${create}(${files});`,
    ];
    await writeIfChanged(path, `${lines.join("\n")}\n`);
    return path;
  };
  const [api, batch] = await Promise.all([
    write("api", "createApp", "deployment"),
    write("batch", "createBatch", "deployment, big"),
  ]);
  return { api, batch };
}
