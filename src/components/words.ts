/** Words, in the reader's language. */

/**
 * Translate a text, with `{name}` in it replaced.
 *
 * `t.plural` chooses between the text for one and the text for `n`.
 */
export interface Translate {
  (text: string, values?: Values): string;
  plural(one: string, many: string, n: number, values?: Values): string;
}

export type Values = Record<string, string | number>;

/** What a host's translator does with a text; the identity where there is none. */
export interface ITranslations {
  text(text: string): string;
  plural(one: string, many: string, n: number): string;
}

/** Make the function that components are given. */
export function translate(translations: ITranslations = ENGLISH): Translate {
  const t = (text: string, values: Values = {}) => filled(translations.text(text), values);
  t.plural = (one: string, many: string, n: number, values: Values = {}) =>
    filled(translations.plural(one, many, n), { n, ...values });
  return t;
}

const ENGLISH: ITranslations = {
  text: text => text,
  plural: (one, many, n) => (n === 1 ? one : many)
};

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole
  );
}
