// The sources of webhooks of a deployment, checked against the policies that it ships.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { PolicyFile } from "../../core/policy/policy.ts";
import type { WebhookSource } from "../../core/webhook/source.ts";
import { parseSource } from "./parseSource.ts";

const ID = /^[a-z0-9][a-z0-9._-]*$/;

/** @throws Error `<file>: <path>: <what>` */
export async function readSources(
  webhooksDir: string,
  policies: readonly Pick<PolicyFile, "id" | "tenants">[],
): Promise<WebhookSource[]> {
  const names = await readdir(webhooksDir).catch(() => []); // a deployment may have none
  const files = names.filter((name) => name.endsWith(".yaml")).sort();
  return Promise.all(
    files.map(async (name) => {
      const file = join(webhooksDir, name);
      const id = basename(name, ".yaml");
      if (!ID.test(id))
        throw new Error(`${file}: a source is called after its file: lower case, digits, ".", "_", "-"`);
      const source = parseSource(file, id, await readFile(file, "utf8"));
      const policy = policies.find((each) => each.id === source.policy);
      if (!policy) throw new Error(`${file}: policy: there is no policy ${source.policy}`);
      const { tenant } = source;
      if (tenant !== undefined && !tenant.startsWith("/") && !Object.hasOwn(policy.tenants, tenant))
        throw new Error(`${file}: tenant: the policy ${policy.id} has no tenant ${tenant}`);
      return source;
    }),
  );
}
