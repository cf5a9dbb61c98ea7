// How every answer names the model.
import type { Manifest } from "../../core/pack/manifest.ts";

export const modelOf = ({ id, space, pack }: Manifest) => ({ id, space, pack });
