import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { CatalogProvider } from '../data';
import { Surface } from '../base';
import type { IKernels } from '../host';
import { type ITestHost, Shelf, dataset, hostOf } from './fixtures';
import { Sidebar } from './Sidebar';

afterEach(cleanup);

const DATASETS = () => [
  dataset('pbmc3k', { study_id: 'S1', version: { metadata: { tissue: 'blood' } } }),
  dataset('pbmc68k', { study_id: 'S1', version: { metadata: { tissue: 'marrow' } } }),
  dataset('atlas_of_lung', {
    study_id: 'S2',
    version: { data_type: 'Bulk RNA', data_format: 'gct', metadata: { note: 'fresh PBMC' } }
  }),
  dataset('alone', { version: { data_type: 'Table', data_format: 'csv' } })
];

function show(shelf = new Shelf(DATASETS()), change: Partial<ITestHost> = {}) {
  const host = { ...hostOf(shelf), ...change };
  render(
    <CatalogProvider host={host}>
      <Surface host={host}>
        <Sidebar />
      </Surface>
    </CatalogProvider>
  );
  return { host, shelf, user: userEvent.setup() };
}

const row = (id: string) =>
  screen.findByText(id).then(found => found.closest<HTMLElement>('[role=row]')!);
const box = () => screen.findByRole('combobox', { name: 'Search datasets' });

async function focusRow(user: ReturnType<typeof userEvent.setup>, id: string) {
  const found = await row(id);
  found.focus();
  await user.keyboard('{Shift}');
  return found;
}

describe('the list', () => {
  it('shows the datasets of an atlas by study, those in none last', async () => {
    show();
    await row('alone');
    const rows = screen.getAllByRole('row').map(one => one.textContent);
    expect(rows.map(text => /^(S1|S2|In no study)/.exec(text ?? '')?.[1]).filter(Boolean)).toEqual([
      'S1',
      'S2',
      'In no study'
    ]);
    expect(screen.getByRole('treegrid')).toBeDefined();
    expect(rows.find(text => text?.includes('atlas_of_lung'))).toContain(
      '700\u00a0samples\u00a0× 765\u00a0genes · gct · v1'
    );
  });

  it('is a plain list where nobody has put anything into a study', async () => {
    show(new Shelf([dataset('a'), dataset('b')]));
    await row('a');
    expect(screen.getByRole('grid')).toBeDefined();
  });

  it('says what is wrong with the data, in words', async () => {
    show(new Shelf([dataset('dup', { version: { problems: 1 } })]));
    expect(await screen.findByText('Names of cells repeat.')).toBeDefined();
  });

  it('has nothing that axe finds serious', async () => {
    show();
    await row('alone');
    const found = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } });
    const serious = found.violations.filter(one =>
      ['serious', 'critical'].includes(one.impact ?? '')
    );
    expect(serious.map(one => `${one.id} ${one.nodes.map(node => node.html).join()}`)).toEqual([]);
  });
});

describe('the search', () => {
  it('asks the server as it is typed, and says how many there are', async () => {
    const { user } = show();
    await row('alone');
    await user.type(await box(), 'pbmc');
    expect(await screen.findByText('3 of 4')).toBeDefined();
    expect(screen.queryByText('alone')).toBeNull();
    // Why one was found whose id has no such word.
    expect((await row('atlas_of_lung')).textContent).toContain('note: fresh PBMC');
  });

  it('makes a token of a filter, which is edited as text and taken away', async () => {
    const { user } = show();
    await row('alone');
    await user.type(await box(), 'tissue:blood ');
    expect(await screen.findByText('1 of 4')).toBeDefined();
    expect((await box()).getAttribute('value')).toBe('');
    await user.keyboard('{Backspace}');
    expect((await box()).getAttribute('value')).toBe('tissue:blood');
    await user.keyboard('{Enter}');
    await user.click(await screen.findByRole('button', { name: 'Remove tissue:blood' }));
    expect(await screen.findByText('4 datasets')).toBeDefined();
  });

  it('offers the last searches', async () => {
    const { user, host } = show();
    await row('alone');
    await user.type(await box(), 'pbmc{Enter}');
    expect(host.kept.get('recent searches/blood')).toEqual(['pbmc']);
    await user.keyboard('{Escape}');
    await user.click(await box());
    await user.click(await screen.findByRole('option', { name: 'pbmc' }));
    expect((await box()).getAttribute('value')).toBe('pbmc');
  });

  it('keeps the list where it cannot be understood, and says why', async () => {
    const { user } = show();
    await row('alone');
    // At once: a slow machine would ask for its beginning too, and find nothing.
    await user.click(await box());
    await user.paste('wrong');
    expect(await screen.findByText(/'wrong' cannot be understood/)).toBeDefined();
    expect(await row('alone')).toBeDefined();
    expect((await box()).getAttribute('aria-invalid')).toBe('true');
  });

  it('says that nothing was found, and takes the filters out', async () => {
    const { user } = show();
    await row('alone');
    await user.type(await box(), 'tissue:blood alone');
    await user.click(await screen.findByRole('button', { name: 'Search without filters' }));
    expect(await row('alone')).toBeDefined();
  });

  it('is reached by a slash, and left by the arrow down', async () => {
    const { user } = show();
    await focusRow(user, 'alone');
    await user.keyboard('/');
    expect(document.activeElement).toBe(await box());
    await user.keyboard('pb{ArrowDown}');
    await waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('row'));
  });
});

describe('the filters', () => {
  it('count what each value would leave, also beside one that is chosen', async () => {
    const { user } = show();
    await row('alone');
    await user.click(screen.getByRole('button', { name: 'Filters' }));
    const types = async () =>
      (await screen.findAllByRole('checkbox')).map(one => one.closest('label')?.textContent);
    await waitFor(async () => expect(await types()).toContain('Single cell RNA2'));
    await user.click(screen.getByRole('checkbox', { name: /Single cell RNA/ }));
    expect(await screen.findByText('2 of 4')).toBeDefined();
    expect(await types()).toContain('Bulk RNA1');
    expect(screen.getByRole('button', { name: 'Filters, 1 on' })).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Mine' }));
    expect(screen.getByText('author:ada')).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    expect(await screen.findByText('4 datasets')).toBeDefined();
  });
});

describe('a row', () => {
  it('opens by Enter and by a press', async () => {
    const { user, host } = show();
    await focusRow(user, 'alone');
    await user.keyboard('{Enter}');
    await user.click(await screen.findByText('pbmc3k'));
    expect(host.opened).toEqual(['alone', 'pbmc3k']);
  });

  it('loads by Ctrl+Enter and inserts by Shift+Enter, where there are kernels', async () => {
    const load = vi.fn(() => Promise.resolve({ target: { title: 'a.ipynb' }, variable: 'adata' }));
    const kernels = {
      current: null,
      all: [],
      changed: () => () => undefined,
      plan: () => Promise.resolve({ obstacle: null }),
      load
    } as unknown as IKernels;
    const { user } = show(undefined, { kernels });
    const focused = await focusRow(user, 'pbmc3k');
    expect(within(focused).getByRole('button', { name: /Load/ })).toBeDefined();
    await user.keyboard('{Control>}{Enter}{/Control}');
    await user.keyboard('{Shift>}{Enter}{/Shift}');
    await waitFor(() => expect(load).toHaveBeenCalledTimes(2));
    const wishes = load.mock.calls.map(call => (call as unknown as [unknown, unknown, unknown])[2]);
    expect(wishes).toEqual([{ how: 'run' }, { how: 'insert' }]);
  });

  it('is deleted by Delete, with Undo', async () => {
    const { user, host, shelf } = show();
    await focusRow(user, 'alone');
    await user.keyboard('{Delete}');
    await waitFor(() => expect(host.notices).toHaveLength(1));
    expect(host.notices[0]).toMatchObject({ text: 'alone', detail: 'Moved to Trash' });
    expect(shelf.deleted).toHaveLength(1);
    await host.notices[0].undo?.();
    expect(await row('alone')).toBeDefined();
  });

  it('has a menu with what may be done', async () => {
    const { user, host } = show();
    fireEvent.contextMenu(await row('alone'));
    const items = screen.getAllByRole('menuitem').map(item => item.textContent);
    expect(items).toEqual([
      'OpenEnter', 'Copy idCtrl C', 'Download', 'Attach file…', 'Add to study…', 'DeleteDel'
    ]); // prettier-ignore
    await user.click(screen.getByRole('menuitem', { name: /Copy id/ }));
    expect(host.copied).toEqual(['alone']);
  });

  it('offers a viewer nothing that writes', async () => {
    const shelf = new Shelf(DATASETS());
    shelf.role = 'viewer';
    const { user } = show(shelf);
    fireEvent.contextMenu(await row('alone'));
    const items = screen.getAllByRole('menuitem').map(item => item.textContent);
    expect(items).toEqual(['OpenEnter', 'Copy idCtrl C', 'Download']);
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('button', { name: 'Add a dataset' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'More' })).toBeNull();
    await focusRow(user, 'alone');
    await user.keyboard('{Delete}');
    expect(shelf.deleted).toEqual([]);
  });
});

describe('several rows', () => {
  it('are selected by Space, put into a study, and deleted after a question', async () => {
    const { user, host, shelf } = show();
    await focusRow(user, 'pbmc3k');
    await user.keyboard(' {ArrowDown} ');
    expect(screen.getByRole('toolbar', { name: '2 selected' })).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Add to study…' }));
    const study = screen.getByRole('combobox', { name: /Study/ });
    await user.clear(study);
    await user.type(study, 'GSE1');
    await user.click(screen.getByRole('button', { name: 'Add to study' }));
    await waitFor(() => expect(shelf.datasets.filter(d => d.study_id === 'GSE1')).toHaveLength(2));
    const bar = screen.getByRole('toolbar');
    await user.click(within(bar).getByRole('button', { name: 'More' }));
    await user.click(screen.getByRole('menuitem', { name: 'Delete…' }));
    await user.click(await screen.findByRole('button', { name: 'Move to Trash' }));
    await waitFor(() => expect(shelf.deleted).toHaveLength(2));
    expect(host.notices.map(notice => notice.text)).toContain('2 datasets');
  });
});

describe('the trash', () => {
  it('restores', async () => {
    const shelf = new Shelf(DATASETS());
    shelf.deleted = [dataset('old', { deleted: true })];
    const { user } = show(shelf);
    await user.click(await screen.findByRole('button', { name: 'More' }));
    await user.click(screen.getByRole('menuitem', { name: 'Trash' }));
    await user.click(await screen.findByText('old'));
    await user.click(await screen.findByRole('button', { name: 'Restore old' }));
    expect(await screen.findByText('The trash is empty')).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Back to the list' }));
    expect(await row('old')).toBeDefined();
  });
});

describe('states', () => {
  it('says what to do at the first start', async () => {
    const tryExample = vi.fn(() => Promise.resolve());
    const { user } = show(new Shelf([]), { tryExample });
    await user.click(await screen.findByRole('button', { name: 'Try with a real dataset' }));
    expect(tryExample).toHaveBeenCalledWith('blood');
    expect(screen.getAllByRole('button', { name: /Add a dataset/ })).toHaveLength(2);
  });

  it('has the same to offer where there is no atlas yet', async () => {
    const shelf = new Shelf([]);
    shelf.bare = true;
    const tryExample = vi.fn(() => Promise.resolve());
    const { user } = show(shelf, { tryExample });
    expect(await screen.findByRole('button', { name: 'Create an atlas' })).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Try with a real dataset' }));
    expect(tryExample).toHaveBeenCalledWith('default');
  });

  it('tells a viewer of an empty atlas whom to ask', async () => {
    const shelf = new Shelf([]);
    shelf.role = 'viewer';
    show(shelf);
    expect(await screen.findByText(/ask an admin of blood/)).toBeDefined();
  });

  it('waits quietly, then with Cancel, and can go on', async () => {
    const shelf = new Shelf(DATASETS());
    let go = () => undefined as void;
    shelf.held = new Promise(resolve => (go = resolve));
    const host = hostOf(shelf);
    host.memory.set('sidebar', { atlas: 'blood' });
    const { user } = show(shelf, host);
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
    await user.click(await screen.findByRole('button', { name: 'Cancel' }));
    go();
    shelf.held = null;
    await user.click(await screen.findByRole('button', { name: 'Search again' }));
    expect(await row('alone')).toBeDefined();
  });

  it('keeps the last list, read only, while the catalog does not answer', async () => {
    const { host, user, shelf } = show();
    await row('alone');
    const error = { title: 'No reply.', detail: null, kind: 'Unreachable', status: 0 };
    host.feed.set({
      state: 'unreachable',
      since: Date.now(),
      nextTry: Date.now() + 9000,
      error: error as never
    });
    expect(await screen.findByText('The catalog does not answer')).toBeDefined();
    expect(screen.getByText(/The list as of/)).toBeDefined();
    expect(screen.getByText(/Not connected since/)).toBeDefined();
    expect(screen.queryByRole('button', { name: 'Add a dataset' })).toBeNull();
    await focusRow(user, 'alone');
    await user.keyboard('{Delete}');
    expect(shelf.deleted).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.queryByText('The catalog does not answer')).toBeNull());
  });

  it('keeps the last list where no answer comes to what is typed', async () => {
    const { user, shelf } = show();
    await row('alone');
    shelf.lost = true;
    await user.type(await box(), 'pbmc');
    // It is asked a few times before that is said.
    expect(
      await screen.findByText('The catalog does not answer', {}, { timeout: 10_000 })
    ).toBeDefined();
    expect(await row('alone')).toBeDefined();
    expect(screen.getByText(/The list as of/)).toBeDefined();
    expect((await box()).getAttribute('value') ?? '').toBe('pbmc');
    shelf.lost = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('3 of 4')).toBeDefined();
    expect(screen.queryByText('alone')).toBeNull();
  }, 20_000);
});

describe('hostile texts', () => {
  it('stay text, with nothing unseen in them', async () => {
    const study = '\u202egpj.exe';
    const value = `needle <img src=x onerror=alert(1)> ${'x'.repeat(5000)}`;
    const metadata = { '<b>key</b>': value, tissue: 'a, "b"' };
    const { user } = show(new Shelf([dataset('d1', { study_id: study, version: { metadata } })]));
    await row('d1');
    await user.type(await box(), 'needle');
    expect(await screen.findByText(/onerror/)).toBeDefined();
    expect(document.querySelector('img, b')).toBeNull();
    expect(document.body.textContent).not.toContain('\u202e');
    expect(document.body.textContent).toContain('‹U+202E›gpj.exe');
    // A value that the grammar cannot write is chosen all the same.
    await user.click(screen.getByRole('button', { name: 'Filters' }));
    await user.click(await screen.findByRole('button', { name: /Tissue/ }));
    await user.click(await screen.findByRole('checkbox', { name: /a, "b"/ }));
    expect(await row('d1')).toBeDefined();
  });
});
