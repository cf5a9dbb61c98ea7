// Whether a URL of a request or a callback may be called: https, a host on the allow-list, nothing that could lead inside.
import { Problem } from "../problem.ts";
import { cut } from "../quoted.ts";

/** Names that never leave a network: RFC 6761, RFC 6762, RFC 8375 and what clouds use inside. */
const PRIVATE_SUFFIXES = [".localhost", ".local", ".internal", ".intranet", ".home.arpa", ".lan", ".test", ".onion"];

const refused = (message: string): Problem => new Problem("remote_refused", message);

/** `*.example.com` stands for every name below example.com, not for itself. */
const matches = (host: string, pattern: string): boolean =>
  pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern;

/**
 * @param hosts the allow-list: names, or `*.` and a name
 * @throws Problem `remote_refused`
 */
export function checkUrl(address: string, hosts: readonly string[]): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new Problem("remote_refused", "The address is no URL.", { cause });
  }
  if (url.protocol !== "https:") throw refused("Other hosts are called over https only.");
  if (url.username || url.password) throw refused("A URL may not carry a user or a password.");
  if (url.port) throw refused("Other hosts are called at the default port only.");
  // The URL parser has turned every spelling of an IPv4 address into four numbers already.
  const host = url.hostname.toLowerCase().replace(/\.$/, "");
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.startsWith("[")) throw refused("IP addresses are not called.");
  if (!host.includes(".") || PRIVATE_SUFFIXES.some((suffix) => host.endsWith(suffix))) {
    throw refused(`${cut(host)} is a private name.`);
  }
  if (!hosts.some((pattern) => matches(host, pattern.toLowerCase()))) {
    throw refused(`${cut(host)} is not among the hosts that this deployment may call.`);
  }
  return url;
}
