// Why a batch fails as a whole: no other attempt would validate it.

export class InvalidJob extends Error {
  override name = "InvalidJob";
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}
