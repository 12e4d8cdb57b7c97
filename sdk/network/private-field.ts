// What a document in TypeScript says by "private": true.

import type { z } from 'zod';

/** A schema that is marked private. The property is only there for the compiler. */
export type PrivateSchema<Schema> = Schema & { readonly '~private': true };

/**
 * Marks a field of an item, or all of it, as private: facets, counts and search do not take it. In the JSON of the document
 * it is `"private": true`. Results hold it nevertheless.
 */
export function privateField<Schema extends z.ZodType>(schema: Schema): PrivateSchema<Schema> {
  return schema.meta({ ...schema.meta(), private: true }) as PrivateSchema<Schema>;
}

type Definition<Def> = { readonly _zod: { readonly def: Def } };

/** Whether a value that the schema allows, or an element of it, is private. */
type IsPrivate<Schema> = Schema extends { readonly '~private': true }
  ? true
  : Schema extends Definition<{ innerType: infer Inner }>
    ? IsPrivate<Inner>
    : Schema extends Definition<{ element: infer Element }>
      ? IsPrivate<Element>
      : Schema extends Definition<{ options: readonly (infer Option)[] }>
        ? IsPrivate<Option>
        : Schema extends Definition<{ left: infer Left; right: infer Right }>
          ? IsPrivate<Left> | IsPrivate<Right>
          : Schema extends Definition<{ in: infer In }>
            ? IsPrivate<In>
            : false;

type PrivateNames<Shape> = {
  [Name in keyof Shape]: true extends IsPrivate<Shape[Name]> ? Name : never;
}[keyof Shape] &
  string;

/** The fields that the schema of an item declares. Of a schema that the compiler does not know, any. */
export type DeclaredFields<Schema> = Schema extends { readonly shape: infer Shape }
  ? keyof Shape & string
  : Schema extends Definition<{ innerType: infer Inner }>
    ? DeclaredFields<Inner>
    : Schema extends Definition<{ options: readonly (infer Option)[] }>
      ? DeclaredFields<Option>
      : Schema extends Definition<{ left: infer Left; right: infer Right }>
        ? DeclaredFields<Left> | DeclaredFields<Right>
        : Schema extends Definition<{ in: infer In }>
          ? DeclaredFields<In>
          : string;

/** Those that it closes: string where it closes all. */
export type ClosedFields<Schema> = Schema extends { readonly '~private': true }
  ? string
  : Schema extends { readonly shape: infer Shape }
    ? PrivateNames<Shape>
    : Schema extends Definition<{ innerType: infer Inner }>
      ? ClosedFields<Inner>
      : Schema extends Definition<{ options: readonly (infer Option)[] }>
        ? ClosedFields<Option>
        : Schema extends Definition<{ left: infer Left; right: infer Right }>
          ? ClosedFields<Left> | ClosedFields<Right>
          : Schema extends Definition<{ in: infer In }>
            ? ClosedFields<In>
            : never;
