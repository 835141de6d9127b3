/** Markdown of an attached file, as JupyterLab shows it: cleaned, and without the network. */

import { type IRenderMime, type IRenderMimeRegistry, renderMarkdown } from '@jupyterlab/rendermime';

import type { IHost } from '../components/host';
import { withoutNetwork } from './offline';

export function markdownBy(rendermime: IRenderMimeRegistry): NonNullable<IHost['renderMarkdown']> {
  const sanitizer: IRenderMime.ISanitizer = {
    sanitize: (dirty, options) => withoutNetwork(rendermime.sanitizer.sanitize(dirty, options))
  };
  return (text, into) =>
    renderMarkdown({
      host: into,
      source: text,
      trusted: false,
      sanitizer,
      // What it names beside itself is no file of the server's: a link only leads out.
      resolver: null,
      linkHandler: null,
      shouldTypeset: true,
      latexTypesetter: rendermime.latexTypesetter,
      markdownParser: rendermime.markdownParser
    });
}
