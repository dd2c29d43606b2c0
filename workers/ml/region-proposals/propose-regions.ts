import type { Backbone } from '../backbones/backbone.ts';
import { suppressOverlaps, type Box, type DetectedBox } from '../detection/boxes.ts';
import { plainMaps } from '../detection/views.ts';
import type { View } from '../detection/view-pack.ts';
import { fromFloat16 } from '../float16.ts';
import { gridCells, spreadOf, type FeatureMap } from './grid-cells.ts';
import { mergedRegions, type MergedRegion } from './merged-regions.ts';

export interface ProposedRegion extends Box {
  /** How much it stands out, 0 to 1; no probability. */
  confidence: number;
}

/** Side of the square that a picture is squashed to, pixels. */
const inputSize = 320;
const side = inputSize / 8;
const mostProposals = 200;
// The settings below were chosen on azure-cutlery and bccd; `taglens bench proposals` measures them there and on other sets.
const iouThreshold = 0.5;
/** In cells; what is smaller is texture. */
const leastCells = 6;
/** Spread below which a picture counts as blank: the border alone of a blank one makes .9; photographs have 3 and more. */
const blankSpread = 1.5;

/**
 * Boxes round what stands out in a picture, whatever it is, the most distinct first: regions of alike features in the maps at
 * strides 8 and 16, joined from the cells upward. None for a picture with nothing in it.
 */
export async function proposeRegions(backbone: Backbone, bytes: Uint8Array): Promise<ProposedRegion[]> {
  const [whole] = await plainMaps(backbone, bytes, { inputSize, isTiled: false });
  const [stride8, stride16] = whole as View['maps'];
  return distinctRegions([
    { values: fromFloat16(stride8), side },
    { values: fromFloat16(stride16), side: side / 2 },
  ]);
}

/** The same from the maps, of which the finest has the grid. */
function distinctRegions(maps: readonly FeatureMap[]): ProposedRegion[] {
  if (Math.max(...maps.map(spreadOf)) < blankSpread) return [];
  const boxes = mergedRegions(gridCells(maps, side), side)
    .filter((region) => region.cellCount >= leastCells && !isBackground(region))
    .map(boxOf);
  return suppressOverlaps(boxes, { iouThreshold, maxBoxes: mostProposals }).map(
    ({ left, top, width, height, probability: confidence }) => ({ left, top, width, height, confidence }),
  );
}

/** What reaches two sides of the picture is more often what the objects lie on. */
function isBackground({ left, top, right, bottom }: MergedRegion): boolean {
  return [left === 0, top === 0, right === side, bottom === side].filter(Boolean).length > 1;
}

function boxOf({ left, top, right, bottom, distinctness }: MergedRegion): DetectedBox {
  const box = { left: left / side, top: top / side, width: (right - left) / side, height: (bottom - top) / side };
  return { ...box, tagIndex: 0, probability: distinctness };
}
