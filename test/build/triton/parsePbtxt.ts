// Protobuf's text format, as much of it as model configurations use: nested messages, lists, strings, numbers, enums.

type Value = string | number | Message | Value[];
export interface Message {
  [field: string]: Value;
}

const TOKEN = /\s*(?:#[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|[-\w.]+|[{}[\]:,])/y;

/** @throws Error at what is no text format; a repeated field becomes a list */
export function parsePbtxt(text: string): Message {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new Error(`no token at ${JSON.stringify(text.slice(at, at + 30))}`);
    tokens.push(token);
  }
  const next = (wanted?: string): string => {
    const token = tokens.shift();
    if (token === undefined || (wanted !== undefined && token !== wanted))
      throw new Error(`${wanted} expected, not ${token}`);
    return token;
  };
  const value = (): Value => {
    const token = next();
    if (token === "{") return message("}");
    if (token === "[") {
      const list: Value[] = [];
      while (tokens[0] !== "]") {
        list.push(value());
        if (tokens[0] !== "]") next(",");
      }
      next("]");
      return list;
    }
    if (token.startsWith('"')) return JSON.parse(token);
    return /^-?[\d.]+$/.test(token) ? Number(token) : token;
  };
  const message = (end?: string): Message => {
    const fields: Message = {};
    while (tokens.length > 0 && tokens[0] !== end) {
      const name = next();
      if (!/^[a-z]\w*$/.test(name)) throw new Error(`${name} is no field`);
      if (tokens[0] === ":") next(":");
      else if (tokens[0] !== "{" && tokens[0] !== "[") throw new Error(`${name} has no value`);
      const given = value();
      const before = fields[name];
      fields[name] = before === undefined ? given : [before, given].flat();
    }
    if (end) next(end);
    return fields;
  };
  return message();
}
