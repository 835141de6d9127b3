/** HTML that fetches nothing when it is shown: who attached a file does not learn who reads it. */

const FETCHES = ['src', 'srcset', 'poster', 'background', 'data'];

/** Take out what a browser would fetch by itself; images that are in the text itself stay. */
export function withoutNetwork(html: string): string {
  // A document that is not shown fetches nothing while it is looked through.
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll('*')) {
    for (const name of FETCHES) {
      const value = element.getAttribute(name);
      if (value !== null && !/^\s*data:image\//i.test(value)) {
        element.removeAttribute(name);
      }
    }
    if (/url\s*\(|image-set|@import/i.test(element.getAttribute('style') ?? '')) {
      element.removeAttribute('style');
    }
  }
  // eslint-disable-next-line no-restricted-syntax -- it is read, and shown after being cleaned
  return body.innerHTML;
}
