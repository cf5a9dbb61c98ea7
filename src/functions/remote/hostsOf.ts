// An allow-list of hosts as a variable holds it.

export const hostsOf = (variable = ""): string[] =>
  variable
    .split(",")
    .map((host) => host.trim())
    .filter(Boolean);
