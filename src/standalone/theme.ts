/** The page's colours: light or dark, as the person prefers it. */

const BARE = 'omicshelf-mod-bare';
const DARK = 'omicshelf-mod-dark';

/** Give an element the colours now, and whenever the preference changes; ends by what it gives. */
export function followTheme(element: HTMLElement): () => void {
  const preference = matchMedia('(prefers-color-scheme: dark)');
  const update = () => element.classList.toggle(DARK, preference.matches);
  element.classList.add(BARE);
  update();
  preference.addEventListener('change', update);
  return () => preference.removeEventListener('change', update);
}
