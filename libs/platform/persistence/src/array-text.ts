type Element = string | number | boolean | Buffer | null | undefined;

/** An array as Postgres reads it. */
export function arrayText(elements: readonly Element[]): string {
  let text = '{';
  for (let i = 0; i < elements.length; i++) text += (i === 0 ? '' : ',') + elementText(elements[i]);
  return text + '}';
}

/** Ids and codes, which most are, stand as they are; whatever else is quoted. */
const PLAIN = /^[\w.:-]{1,100}$/;

function elementText(element: Element): string {
  if (element === null || element === undefined) return 'NULL';
  if (typeof element === 'string')
    return PLAIN.test(element) && !/^null$/i.test(element) ? element : `"${element.replace(/["\\]/g, '\\$&')}"`;
  return element instanceof Buffer ? `"\\\\x${element.toString('hex')}"` : String(element);
}
