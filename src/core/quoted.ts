// A name of the client's own, as an error repeats it: in quotes, and never longer than a person would read.
const MOST = 80;

export function quoted(name: string): string {
  return JSON.stringify(name.length > MOST ? `${name.slice(0, MOST).toWellFormed()}…` : name);
}
