import { describe, expect, it } from 'vitest';

import { withoutNetwork } from './offline';

describe('HTML without the network', () => {
  it('keeps its words, links and own images', () => {
    const own = '<p>A <a href="https://a.org">link</a> <img src="data:image/png;base64,AA=="></p>';
    expect(withoutNetwork(own)).toBe(own);
  });

  it('fetches nothing', () => {
    const html = [
      '<img src="https://a.org/seen.png" srcset="https://a.org/2.png 2x" alt="a figure">',
      '<img src=" //a.org/x">',
      '<video poster="https://a.org/p.png"></video>',
      '<p style="background: url(https://a.org/b.png)">words</p>'
    ].join('');
    expect(withoutNetwork(html)).toBe('<img alt="a figure"><img><video></video><p>words</p>');
  });
});
