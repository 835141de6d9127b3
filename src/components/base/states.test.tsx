import { act, fireEvent, screen } from '@testing-library/react';
import { Suspense, useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CatalogError, Unreachable } from '../../api/errors';
import { useAnnounce } from './announce';
import { Badge, Chip, Dot, Sign, Token } from './Badge';
import { Bar, CategoryBar, Histogram, ProgressBar, safeColor } from './bars';
import { Button } from './Button';
import { CodeLine } from './CodeLine';
import { Disclosure } from './Disclosure';
import { EmptyState } from './EmptyState';
import { ErrorBoundary } from './ErrorBoundary';
import { Icon, typeIcon } from './icons';
import { lazily } from './lazily';
import { Problem } from './Problem';
import { Tabs, TabPanel } from './Tabs';
import { expectAccessible, show } from './testing';
import { Age } from './time';
import { ToastQueue, ToastStack } from './Toasts';
import { Skeleton, Waiting } from './Waiting';

const seconds = (n: number) => act(() => void vi.advanceTimersByTime(n * 1000));

describe('what goes on for a while', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows nothing for a moment, then a bar, rows to come and Cancel', () => {
    const cancelled = vi.fn();
    show(
      <Waiting label="Reading the columns" onCancel={cancelled}>
        <Skeleton rows={3} />
      </Waiting>
    );
    expect(screen.queryByRole('progressbar')).toBeNull();
    seconds(0.29);
    expect(screen.queryByRole('progressbar')).toBeNull();
    seconds(0.02);
    expect(screen.getByRole('progressbar', { name: 'Reading the columns' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  it('says a count once it has settled, and the same text again', () => {
    function Count({ n }: { n: number }) {
      const announce = useAnnounce();
      return <Button onClick={() => announce(`${n} datasets`)}>say</Button>;
    }
    const view = show(<Count n={9} />);
    const region = () => document.querySelector('[aria-live=polite]')?.textContent;
    fireEvent.click(screen.getByText('say'));
    view.again(<Count n={12} />);
    fireEvent.click(screen.getByText('say'));
    expect(region()).toBe('');
    seconds(1);
    expect(region()).toBe('12 datasets');
    fireEvent.click(screen.getByText('say'));
    seconds(1);
    expect(region()).not.toBe('12 datasets');
    expect(region()?.trim()).toBe('12 datasets');
  });

  it('grows older while it is looked at', () => {
    vi.setSystemTime(Date.UTC(2026, 10, 21, 12, 0));
    show(<Age time={Date.UTC(2026, 10, 21, 11, 1)} />);
    const shown = () => document.querySelector('time')?.textContent;
    expect(shown()).toBe('59 min');
    seconds(90);
    expect(shown()).toBe('1 h');
    expect(document.querySelector('time')?.title).toBe('2026-11-21 11:01 UTC');
  });

  it('counts down to the next try, folds its details, and copies them', async () => {
    const retried = vi.fn();
    const error = new Unreachable('The catalog does not answer', 'No reply after 10 s.');
    const { copied } = show(
      <Problem error={error} onRetry={retried} nextTry={Date.now() + 24_000}>
        Datasets already loaded keep working.
      </Problem>
    );
    expect(screen.getByRole('alert').textContent).toMatch(/^The catalog does not answerNo reply/);
    expect(screen.getByText('again in 24 s')).toBeTruthy();
    seconds(2);
    expect(screen.getByText('again in 22 s')).toBeTruthy();
    seconds(30);
    expect(screen.getByText('trying…')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(retried).toHaveBeenCalledTimes(1);
    expect(screen.queryByText(/Unreachable/)).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Details' }));
    expect(screen.getByText(/Unreachable/)).toBeTruthy();
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
      await Promise.resolve();
    });
    expect(copied[0]).toBe('The catalog does not answer\nNo reply after 10 s.\nUnreachable');
    expect(screen.getByRole('button', { name: 'Copied' })).toBeTruthy();
  });
});

describe('notices', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('with Undo stay ten seconds, and longer while they are looked at', () => {
    const queue = new ToastQueue();
    show(<ToastStack queue={queue} />);
    act(() => void queue.add({ kind: 'info', text: 'Deleted', undo: () => Promise.resolve() }));
    expect(screen.getByRole('button', { name: 'Undo: Deleted' }).textContent).toBe('Undo 10 s');
    seconds(2);
    expect(screen.getByRole('button', { name: 'Undo: Deleted' }).textContent).toBe('Undo 8 s');
    const toast = document.querySelector('.omicshelf-toast') as HTMLElement;
    fireEvent.pointerEnter(toast);
    seconds(60);
    expect(screen.getByText('Deleted')).toBeTruthy();
    fireEvent.pointerLeave(toast);
    for (let i = 0; i < 8; i += 1) {
      seconds(1);
    }
    expect(screen.queryByText('Deleted')).toBeNull();
  });

  it('undo, and say so where it fails', async () => {
    const queue = new ToastQueue();
    show(<ToastStack queue={queue} />);
    const undo = vi.fn().mockRejectedValue(new CatalogError('The id is taken', null, 'E', 409));
    act(() => void queue.add({ kind: 'done', text: 'Deleted', undo }));
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Undo: Deleted' }));
      await Promise.resolve();
    });
    expect(undo).toHaveBeenCalledTimes(1);
    expect(screen.getByText('It could not be undone: The id is taken')).toBeTruthy();
    expect(screen.queryByText('Deleted')).toBeNull();
  });

  it('of errors stay until they are dismissed; the others go', () => {
    const queue = new ToastQueue();
    show(<ToastStack queue={queue} />);
    act(() => {
      queue.add({ kind: 'error', text: 'Not saved' });
      queue.add({ kind: 'done', text: 'Copied' });
      queue.add({ kind: 'done', text: 'Copied' });
    });
    expect(screen.getAllByText('Copied')).toHaveLength(1);
    for (let i = 0; i < 60; i += 1) {
      seconds(1);
    }
    expect(screen.queryByText('Copied')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByText('Not saved')).toBeNull();
  });

  it('are never more than a few', () => {
    const queue = new ToastQueue();
    for (let i = 0; i < 50; i += 1) {
      queue.add({ kind: 'error', text: `error ${i}` });
    }
    expect(queue.all().map(toast => toast.text)).toEqual([46, 47, 48, 49].map(i => `error ${i}`));
  });
});

describe('a part that fails', () => {
  function Fragile({ broken }: { broken: boolean }) {
    if (broken) {
      throw new Error('secret detail at line 3');
    }
    return <p>the versions</p>;
  }

  it('says so without a stack trace, and is drawn again when it is asked to', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const part = (broken: boolean) => (
      <ErrorBoundary part="The list of versions">
        <Fragile broken={broken} />
      </ErrorBoundary>
    );
    const view = show(part(true));
    expect(screen.getByText('The list of versions cannot be shown')).toBeTruthy();
    expect(view.container.textContent).not.toContain('secret detail');
    expect(logged).toHaveBeenCalled();
    view.again(part(false));
    await view.user.click(screen.getByRole('button', { name: 'Reload this part' }));
    expect(screen.getByText('the versions')).toBeTruthy();
  });

  it('is fetched again where it could not be fetched', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    let there = false;
    const fetch = vi.fn(async () => {
      if (!there) {
        throw new TypeError('Failed to fetch dynamically imported module: secret detail');
      }
      return Promise.resolve(() => <p>the versions</p>);
    });
    const Versions = lazily(fetch);
    const view = show(
      <ErrorBoundary part="The list of versions">
        <Suspense fallback={<p>on its way</p>}>
          <Versions />
        </Suspense>
      </ErrorBoundary>
    );
    expect(await screen.findByText('The list of versions could not be fetched')).toBeTruthy();
    expect(view.container.textContent).not.toContain('secret detail');
    const tries = fetch.mock.calls.length;
    await view.user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('The list of versions could not be fetched')).toBeTruthy();
    expect(fetch.mock.calls.length).toBe(tries + 1);
    there = true;
    await view.user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('the versions')).toBeTruthy();
  });

  it('is drawn again by itself for something else', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const part = (id: string) => (
      <ErrorBoundary resetKey={id}>
        <Fragile broken={id === 'bad'} />
      </ErrorBoundary>
    );
    const view = show(part('bad'));
    view.again(part('good'));
    expect(screen.getByText('the versions')).toBeTruthy();
  });
});

describe('tabs and sections', () => {
  function Document() {
    const [tab, setTab] = useState<'overview' | 'versions'>('overview');
    const [open, setOpen] = useState(false);
    return (
      <>
        <Tabs
          id="doc"
          label="pbmc3k"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: 'overview', label: 'Overview' },
            { value: 'versions', label: 'Versions', count: '5' }
          ]}
        />
        <TabPanel id="doc" value={tab}>
          <Disclosure title="obs columns" hint="9" open={open} onToggle={setOpen} level={2}>
            {tab}
          </Disclosure>
        </TabPanel>
      </>
    );
  }

  it('are moved between by arrows, and unfolded by Enter', async () => {
    const { user } = show(<Document />);
    await user.tab();
    await user.keyboard('{ArrowRight}');
    const tab = screen.getByRole('tab', { name: /Versions/, selected: true });
    expect(document.activeElement).toBe(tab);
    expect(screen.getByRole('tabpanel', { name: /Versions/ })).toBeTruthy();
    expect(screen.queryByText('versions')).toBeNull();
    await user.tab();
    await user.keyboard('{Enter}');
    expect(screen.getByText('versions')).toBeTruthy();
    expect(screen.getByRole('heading', { level: 2 }).textContent).toContain('obs columns');
    await expectAccessible();
  });
});

describe('marks and bars', () => {
  it('say what they show', async () => {
    const cancelled = vi.fn();
    const { user } = show(
      <main>
        <h1>Marks</h1>
        <Icon name="warning" label="2 problems" /> <Dot kind="on" label="connected" />
        <Badge icon="tag">latest</Badge> <Token text="a<b>" onRemove={() => undefined} />
        <Chip pressed={false} onChange={cancelled}>
          Mine
        </Chip>
        <Sign kind="added" /> <Bar part={1} whole={2} />
        <CategoryBar
          categories={[
            { name: 'B', n: 3, color: '#17becf' },
            { name: 'T', n: 1, color: 'url(evil)' }
          ]}
        />
        <Histogram counts={[1, 2, 0]} label="from 0 to 9" />
        <ProgressBar label="Ingesting" value={0.5} failed={0.1} text="5 / 10" />
        <CodeLine code={'x = "<b>"\u202e'} label="The code" />
        <EmptyState title="No datasets yet" picture="shelf" actions={<Button>Add</Button>}>
          Add a file.
        </EmptyState>
      </main>
    );
    expect(screen.getByRole('img', { name: '2 problems' })).toBeTruthy();
    expect(screen.getByRole('img', { name: '2 categories' })).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('50');
    expect(screen.getByTitle('B: 3 (75.0%)')).toBeTruthy();
    expect(screen.getByText('x = "<b>"‹U+202E›')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Mine' }));
    expect(cancelled).toHaveBeenLastCalledWith(true);
    await expectAccessible();
  });

  it('take colours from files, and nothing else', () => {
    expect(safeColor('#17becf')).toBe('#17becf');
    expect(safeColor('steelblue')).toBe('steelblue');
    expect(safeColor('url(https://example.org)')).toBeUndefined();
    expect(safeColor('red;background:url(x)')).toBeUndefined();
    expect(safeColor(undefined)).toBeUndefined();
  });

  it.each([
    ['Single cell RNA-seq', 'h5ad', 'cells'],
    ['Bulk RNA', 'gct', 'matrix'],
    ['Single cell proteomics', null, 'cells'],
    ['Phosphoproteomics', undefined, 'protein'],
    ['Somatic mutations', null, 'dna'],
    ['', 'VCF', 'dna'],
    ['Clinical table', null, 'table'],
    ['Notes', 'pdf', 'file']
  ])('%s in %s is shown by %s', (type, format, icon) => expect(typeIcon(type, format)).toBe(icon));
});
