// Convolutions of a MobileCLIP-S0 picture tower, each kind once.

export interface Layer {
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  group: number;
  /** Of the picture that comes in. */
  side: number;
  /** How many of its kind there are in the tower. */
  count: number;
}

const layer = (
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
  side: number,
  count: number,
  group = 1,
): Layer => ({ inputs, outputs, kernel, stride, side, count, group });

/** Of pictures of 256 px; where groups are as many as inputs, depthwise. */
export const LAYERS: readonly Layer[] = [
  layer(3, 64, 3, 2, 256, 1),
  layer(64, 64, 3, 2, 128, 1, 64),
  layer(64, 64, 3, 1, 64, 2, 64),
  layer(64, 64, 7, 1, 64, 2, 64),
  layer(128, 128, 3, 1, 32, 6, 128),
  layer(128, 128, 7, 1, 32, 6, 128),
  layer(128, 256, 7, 2, 32, 1, 128),
  layer(256, 256, 3, 1, 16, 10, 256),
  layer(256, 256, 7, 1, 16, 10, 256),
  layer(512, 512, 7, 1, 8, 3, 512),
  layer(64, 192, 1, 1, 64, 2),
  layer(192, 64, 1, 1, 64, 2),
  layer(128, 384, 1, 1, 32, 6),
  layer(256, 768, 1, 1, 16, 10),
  layer(768, 256, 1, 1, 16, 10),
  layer(512, 1536, 1, 1, 8, 2),
];
