// A map in letters, as wide as a terminal.

import type { Box, MapMarker } from '../../sdk/index.js';
import { bold, dim, expect } from './output.js';

export interface Label {
  latitude: number;
  longitude: number;
  text: string;
}

const COLUMNS = 78;
/** A letter is about twice as high as it is wide. */
const HEIGHT_OF_LETTER = 2.1;

/**
 * Dots where there is something, labels over them, the more important ones first: in the row of their place, else in the
 * nearest one with room. What has none within `reach` rows is left out.
 */
export function draw(box: Box, dots: MapMarker[], labels: Label[], reach = Number.POSITIVE_INFINITY): string {
  const middle = ((box.south + box.north) / 2) * (Math.PI / 180);
  const isWorld = box.east - box.west > 180;
  const shape = (box.north - box.south) / ((box.east - box.west) * (isWorld ? 1 : Math.cos(middle)));
  const rows = Math.round((COLUMNS * shape) / HEIGHT_OF_LETTER);
  const column = (longitude: number) =>
    Math.min(COLUMNS - 1, Math.floor(((longitude - box.west) / (box.east - box.west)) * COLUMNS));
  const row = (latitude: number) =>
    Math.min(rows - 1, Math.floor(((box.north - latitude) / (box.north - box.south)) * rows));

  const letters = Array.from({ length: rows }, () => Array.from({ length: COLUMNS }, () => ' '));
  const taken = letters.map((line) => line.map(() => false));
  for (const { south, west, north, east } of dots)
    for (let y = row(north); y <= row(south); y++)
      for (let x = column(west); x <= column(east); x++) (letters[y] as string[])[x] = dim('·');

  for (const { latitude, longitude, text } of labels) {
    const start = Math.max(0, Math.min(COLUMNS - text.length, column(longitude) - (text.length >> 1)));
    const isFree = (y: number) =>
      taken[y]?.slice(Math.max(0, start - 1), start + text.length + 1).every((isTaken) => !isTaken);
    const nearest = Array.from({ length: rows }, (_, y) => y).sort(
      (one, other) => Math.abs(one - row(latitude)) - Math.abs(other - row(latitude)),
    );
    const y = nearest.find(isFree);
    expect(y !== undefined, `room for ${text}`);
    if (Math.abs(y - row(latitude)) > reach) continue;
    [...text].forEach((letter, i) => {
      (letters[y] as string[])[start + i] = bold(letter);
      (taken[y] as boolean[])[start + i] = true;
    });
  }
  const lines = letters.map((line) => `  ${line.join('')}`.trimEnd());
  const isDrawn = (line: string) => line.trim() !== '';
  return lines.slice(lines.findIndex(isDrawn), lines.findLastIndex(isDrawn) + 1).join('\n');
}
