import { type Json, listAt, objectAt, textAt, typeOf } from './json.js';

/** The logical id in a reference: relative, absolute, with or without a version. */
const LITERAL = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;

/** The resources of a bundle, by what others call them. */
export class Scope {
  readonly #byName = new Map<string, Json>();

  constructor(entries: readonly Json[] = []) {
    for (const entry of entries) {
      const resource = objectAt(entry, 'resource');
      if (resource === undefined) continue;
      const [url, id] = [textAt(entry, 'fullUrl'), textAt(resource, 'id')];
      if (url !== '') this.#byName.set(url, resource);
      if (id !== '') this.#byName.set(`${typeOf(resource)}/${id}`, resource);
    }
  }

  /** The resource that a reference of `within` leads to: contained in it, or of the bundle; undefined where neither has it. */
  find(reference: Json | undefined, within: Json): Json | undefined {
    const text = textAt(reference, 'reference');
    if (text === '') return undefined;
    if (text.startsWith('#')) {
      const id = text.slice(1);
      return listAt(within, 'contained').find((each) => textAt(each, 'id').replace(/^#/, '') === id);
    }
    const exact = this.#byName.get(text) ?? this.#byName.get(text.replace(/\/_history\/[^/]+$/, ''));
    if (exact !== undefined) return exact;
    // An absolute one leads elsewhere unless an entry has just that address.
    const literal = /^[a-z]+:/i.test(text) ? null : LITERAL.exec(text);
    return literal === null ? undefined : this.#byName.get(`${literal[1]}/${literal[2]}`);
  }
}

/** Kind and id that a reference names; null where it names none, as `urn:uuid:` and `#` do. */
export function literalOf(
  reference: Json | undefined,
): { readonly type: string; readonly id: string } | null {
  const text = textAt(reference, 'reference');
  const match = text.startsWith('#') || text.startsWith('urn:') ? null : LITERAL.exec(text);
  return match === null ? null : { type: match[1], id: match[2] };
}

/** The identifier of a conditional reference, `Patient?identifier=system|value`; undefined where it is none. */
export function conditionalOf(reference: Json | undefined): Json | undefined {
  const query = /^Patient\?(.+)$/.exec(textAt(reference, 'reference'))?.[1];
  if (query === undefined) return undefined;
  const given = new URLSearchParams(query).get('identifier') ?? '';
  const bar = given.indexOf('|');
  return bar < 0 ? { value: given } : { system: given.slice(0, bar), value: given.slice(bar + 1) };
}
