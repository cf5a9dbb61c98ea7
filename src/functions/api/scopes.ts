// What a key may be limited to, and what each path needs.

export const SCOPES = [
  "classify",
  "tag",
  "similarity",
  "embeddings",
  "moderate",
  "batches",
  "batches:all",
  "backend",
  "admin",
] as const;
export type Scope = (typeof SCOPES)[number];

const PATHS: [prefix: string, scope: Scope][] = [
  ["/v1/classify", "classify"],
  ["/v1/tag", "tag"],
  ["/v1/similarity", "similarity"],
  ["/v1/embeddings", "embeddings"],
  ["/v1/moderate", "moderate"],
  ["/v1/moderations", "moderate"],
  ["/v1/batches", "batches"],
  ["/v1/backend", "backend"],
  ["/v1/admin", "admin"],
];

/** @returns undefined where any key will do: the page, the lists of models, banks and policies */
export const scopeOf = (path: string): Scope | undefined =>
  PATHS.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1];
