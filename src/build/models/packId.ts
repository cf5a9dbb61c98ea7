// The name of a pack, as pack.json and folders spell it.
export const isPackId = (id: string): boolean => /^[a-z0-9][a-z0-9._-]*$/.test(id);
