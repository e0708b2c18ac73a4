/**
 * The language of the page: every text that people read goes through here.
 *
 * There is one language, English, unless a host that has translations sets another.  Bundles
 * share it: what the JupyterLab extension sets holds for the graphs under cells as well.
 */

/** Texts have `%1`, `%2` ... where values go, as those of JupyterLab's `TranslationBundle`. */
export interface Translator {
  /** A text in the language of the page. */
  __(text: string, ...values: (string | number)[]): string;
  /** The same where a number decides on the form of words; the number is `%1`. */
  _n(one: string, many: string, number: number, ...values: (string | number)[]): string;
}

const KEY = Symbol.for('autograd_core.translator');

const page = globalThis as unknown as Record<symbol, Translator | undefined>;

const ENGLISH: Translator = {
  __: put,
  _n: (one, many, number, ...values) => put(number === 1 ? one : many, number, ...values),
};

/** Set the language of the page; without one it is English again. */
export function translateWith(translator?: Translator): void {
  page[KEY] = translator;
}

/** Translates what comes from now on; what is shown already stays as it is. */
export const trans: Translator = {
  // A catalogue has facts about itself under the empty text.
  __: (text, ...values) => text && (page[KEY] ?? ENGLISH).__(text, ...values),
  _n: (one, many, number, ...values) => (page[KEY] ?? ENGLISH)._n(one, many, number, ...values),
};

function put(text: string, ...values: (string | number)[]): string {
  return text.replace(/%(\d+)/g, (_, at: string) => String(values[Number(at) - 1] ?? ''));
}
