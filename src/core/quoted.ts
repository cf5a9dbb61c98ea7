// A name of the client's own, as an error repeats it: never longer than a person would read.
const MOST = 80;

export const cut = (name: string): string => (name.length > MOST ? `${name.slice(0, MOST).toWellFormed()}…` : name);

/** In quotes. */
export const quoted = (name: string): string => JSON.stringify(cut(name));
