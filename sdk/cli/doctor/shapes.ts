import shapes from './shapes.json' with { type: 'json' };

/** How one major version of PostgreSQL writes what the migrations make: each object's definition. */
export type Definitions = Record<string, string>;

/** By major version; one that writes all as another does names that one. `npm run generate` writes them. */
export type KeptShapes = Record<string, Definitions | string>;

/** Of a database that the migrations have just made, by major version. */
export const SHAPES = definitionsOf(shapes);

export function definitionsOf(kept: KeptShapes): Record<string, Definitions | undefined> {
  return Object.fromEntries(
    Object.entries(kept).map(([version, shape]) => {
      const definitions = typeof shape === 'string' ? kept[shape] : shape;
      return [version, typeof definitions === 'string' ? undefined : definitions];
    }),
  );
}
