/** Whose colours a widget has: JupyterLab's where they are, else its own, light or dark. */

const BARE = 'omicshelf-mod-bare';
const DARK = 'omicshelf-mod-dark';
const DARK_BELOW = 0.4; // of the brightness of the page behind it

/** Say the classes of an element now and whenever the host's theme changes; ends by what it gives. */
export function look(element: HTMLElement, tell: (names: string) => void): () => void {
  const update = () => tell(namesOf(element));
  update();
  const body = element.ownerDocument.body;
  const watcher = new MutationObserver(update);
  // How hosts tell their theme: a class or an attribute of the page.
  watcher.observe(body, { attributes: true, attributeFilter: ['class', 'style', ...THEMED] });
  const preference = matchMedia('(prefers-color-scheme: dark)');
  preference.addEventListener('change', update);
  return () => {
    watcher.disconnect();
    preference.removeEventListener('change', update);
  };
}

const THEMED = ['data-jp-theme-light', 'data-vscode-theme-kind', 'theme'];

function namesOf(element: HTMLElement): string {
  // Of the element around it, which the widget's own colours do not reach.
  const around = element.parentElement ?? element.ownerDocument.body;
  if (getComputedStyle(around).getPropertyValue('--jp-layout-color1').trim()) {
    return '';
  }
  return isDark(around) ? `${BARE} ${DARK}` : BARE;
}

/** By the first colour that is behind it; of a page without one, by what the person prefers. */
function isDark(element: HTMLElement): boolean {
  for (let at: HTMLElement | null = element; at; at = at.parentElement) {
    const parts =
      getComputedStyle(at)
        .backgroundColor.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    const [red, green, blue, alpha = 1] = parts;
    if (blue !== undefined && alpha > 0.5) {
      return (0.299 * red + 0.587 * green + 0.114 * blue) / 255 < DARK_BELOW;
    }
  }
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
