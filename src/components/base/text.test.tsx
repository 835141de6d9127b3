import { describe, expect, it } from 'vitest';
import { expectAccessible, show } from './testing';
import { Bidi, Text } from './text';
import { visible, visibleLines } from './visible';

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  'javascript:alert(1)',
  '&lt;b&gt;'
];

describe('what is not seen', () => {
  it.each([
    ['\u0000\u0007', '‹U+0000›‹U+0007›'],
    ['a\u202egnp.exe', 'a‹U+202E›gnp.exe'],
    ['a\u200bb\ufeff', 'a‹U+200B›b‹U+FEFF›'],
    ['\u{e0041}', '‹U+E0041›'],
    ['a\nb\tc', 'a‹U+000A›b‹U+0009›c'],
    ['\u061c\u2066', '‹U+061C›‹U+2066›']
  ])('%j is shown as %s', (text, shown) => expect(visible(text)).toBe(shown));

  it('leaves words, emoji and joiners alone', () => {
    const text = 'IFN-β 10× 👩‍🔬 می‌خواهم תאי Å';
    expect(visible(text)).toBe(text);
  });
  it('keeps the lines of a text', () =>
    expect(visibleLines('a\r\nb\tc\u0007')).toBe('a\nb\tc‹U+0007›'));
});

describe('Text', () => {
  it.each(HOSTILE)('%s stays text', text => {
    const { container } = show(<Text text={text} words={['img', 'alert']} />);
    expect(container.querySelector('img, script')).toBeNull();
    expect(container.querySelector('.omicshelf-text')?.textContent).toBe(text);
  });

  it('has the whole in its tooltip, and its own direction', () => {
    const { container } = show(<Text text="תאי דם" />);
    const shown = container.querySelector('.omicshelf-text');
    expect(shown?.getAttribute('title')).toBe('תאי דם');
    expect(shown?.getAttribute('dir')).toBe('auto');
  });

  it('ends somewhere', () => {
    const { container } = show(<Text text={'x'.repeat(1_000_000)} />);
    expect(container.querySelector('.omicshelf-text')?.textContent).toHaveLength(5001);
  });

  it('marks the words that were searched for, whatever they are made of', () => {
    const { container } = show(<Text text="pbmc68k (PBMC) a+b" words={['pbmc', 'a+b', '(']} />);
    const marks = [...container.querySelectorAll('mark')].map(mark => mark.textContent);
    expect(marks).toEqual(['pbmc', '(', 'PBMC', 'a+b']);
    expect(container.querySelector('.omicshelf-text')?.textContent).toBe('pbmc68k (PBMC) a+b');
  });

  it('is isolated inside of a sentence', async () => {
    const { container } = show(
      <p>
        Delete <Bidi text={'\u202eabc'} strong />?
      </p>
    );
    expect(container.querySelector('bdi')?.textContent).toBe('‹U+202E›abc');
    await expectAccessible();
  });
});
