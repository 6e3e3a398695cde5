import { wellFormed } from '../../events/storable.js';

/** Resources as they come: JSON of which nothing is sure. What is not of the expected kind is as if it were not there. */
export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under a name of its own; undefined where there is nothing. */
export function valueAt(json: Json | undefined, name: string): unknown {
  return json !== undefined && Object.hasOwn(json, name) ? json[name] : undefined;
}

export function objectAt(json: Json | undefined, name: string): Json | undefined {
  const value = valueAt(json, name);
  return isObject(value) ? value : undefined;
}

/** The objects of a list; one that stands alone is a list of one. */
export function listAt(json: Json | undefined, name: string): readonly Json[] {
  const value = valueAt(json, name);
  if (Array.isArray(value)) return value.filter(isObject);
  return isObject(value) ? [value] : [];
}

/** A text without spaces around it; empty where there is none. */
export function textAt(json: Json | undefined, name: string): string {
  const value = valueAt(json, name);
  return typeof value === 'string' ? wellFormed(value.trim()) : '';
}

/** The first texts that are not empty, of the first of these names that has one. */
export function firstText(json: Json | undefined, ...names: readonly string[]): string {
  for (const name of names) {
    const text = textAt(json, name);
    if (text !== '') return text;
  }
  return '';
}

/** The kind of a resource; empty where it names none. */
export function typeOf(resource: Json | undefined): string {
  return textAt(resource, 'resourceType');
}
