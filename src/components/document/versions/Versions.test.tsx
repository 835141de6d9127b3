import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord, VersionRecord } from '../../../api/records';
import { recordedBody, type RecordedTransport } from '../../../testing/recorded';
import { TestKernels } from '../../../testing/kernels';
import { asViewer, expectAccessible, showWithCatalog } from '../../../testing/show';
import { pair } from './chosen';
import { placeOf, sectionsOf, type IChanges } from './changes';
import { reported } from './useDamage';
import { Versions } from './Versions';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const AT = '/atlases/immunology/datasets/pbmc';
const HOSTILE = '<img src=x onerror="alert(1)">\u202e';

const record = () => recordedBody<DatasetRecord>(AT);
const versions = () => recordedBody<{ versions: VersionRecord[] }>(`${AT}/versions`).versions;

const NO_AXIS = { was: 60, now: 60, added: 0, removed: 0, kept: 60, reordered: false };

/** What the server says of two versions, in its form; `over` is what a test wants otherwise. */
function changes(over: Partial<IChanges> = {}): IChanges {
  return {
    same: false,
    data_changed: true,
    obs: NO_AXIS,
    var: NO_AXIS,
    rows: { was: null, now: null },
    elements: { added: {}, removed: {}, changed: {} },
    modalities: { added: [], removed: [], shared: {} },
    ids: {},
    metadata: { added: {}, removed: {}, changed: {} },
    facts: { kind: { was: 'anndata', now: 'anndata' } },
    problems: { added: [], removed: [] },
    ...over
  };
}

/** Answer every comparison, and keep which were asked. */
function comparing(
  transport: RecordedTransport,
  over: Partial<IChanges> = {},
  summary = '+ 1 cell'
) {
  transport.answer('GET', /\/diff\//, () => ({
    status: 200,
    headers: {},
    body: { heading: 'pbmc: a -> b', summary, changes: changes(over) }
  }));
}

function room(prepare: (transport: RecordedTransport) => void = comparing, parts = {}) {
  const now = record();
  return showWithCatalog(
    <Versions dataset={PBMC} record={now} version={now.version} />,
    parts,
    prepare
  );
}

describe('the timeline', () => {
  it('tells who, when, what and how much, newest first', async () => {
    const { container } = room(transport =>
      comparing(transport, {}, '+1 obs column `leiden` (4 categories)\n-212 cells')
    );
    const grid = await screen.findByRole('grid', { name: 'Versions' });
    const rows = within(grid).getAllByRole('row');
    expect(rows.map(row => /v\d/.exec(row.textContent ?? '')?.[0])).toEqual(['v3', 'v2', 'v1']);
    expect(rows[0].textContent).toContain('latest');
    expect(rows[0].textContent).toContain('Add leiden');
    await waitFor(() => expect(rows[0].textContent).toContain('1 obs column leiden'));
    // The first version has nothing before it: it is told by its shape.
    expect(rows[2].textContent).toMatch(/60\s*cells\s×\s30\sgenes/);
    expect(screen.getByText('3 versions')).toBeTruthy();
    expect(container.textContent).toContain('in the store');
    await expectAccessible();
  });

  it('asks for the comparisons of rows that are seen, and of no others', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      ...record().version,
      version_id: `id-${i + 1}`,
      seq: i + 1,
      message: `step ${i + 1}`
    }));
    const now = { ...record(), version: many[999] };
    const { transport } = showWithCatalog(
      <Versions dataset={PBMC} record={now} version={now.version} />,
      {},
      transport => {
        comparing(transport);
        transport.answer('GET', /\/versions$/, () => ({
          status: 200,
          headers: {},
          body: { versions: many }
        }));
      }
    );
    await screen.findByText('1,000 versions');
    await waitFor(() => expect(transport.sent('GET', /\/diff\//).length).toBeGreaterThan(0));
    expect(screen.getAllByRole('row').length).toBeLessThan(60);
    expect(transport.sent('GET', /\/diff\//).length).toBeLessThan(60);
  });

  it('compares two that are selected by keyboard, the older one first', async () => {
    const { user, transport } = room();
    const grid = await screen.findByRole('grid', { name: 'Versions' });
    const rows = within(grid).getAllByRole('row');
    rows[0].focus();
    await user.keyboard('{ArrowDown}{ArrowDown} ');
    const [v3, , v1] = [...versions()].sort((a, b) => b.seq - a.seq);
    await waitFor(() =>
      expect(
        transport.sent('GET', new RegExp(`${v1.version_id}/diff/${v3.version_id}$`)).length
      ).toBe(1)
    );
    const compare = screen.getByRole('complementary', { name: 'Compare' });
    await waitFor(() => expect(within(compare).getByRole('table')).toBeTruthy());
    await user.click(within(compare).getByRole('button', { name: 'Swap' }));
    await waitFor(() =>
      expect(
        transport.sent('GET', new RegExp(`${v3.version_id}/diff/${v1.version_id}$`)).length
      ).toBe(1)
    );
  });

  it('loads a version by Ctrl Enter, where there are kernels', async () => {
    const kernels = new TestKernels();
    const { user } = room(comparing, { kernels });
    const grid = await screen.findByRole('grid', { name: 'Versions' });
    const rows = within(grid).getAllByRole('row');
    rows[1].focus();
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(kernels.loads).toHaveLength(1));
  });

  it('offers a viewer nothing that writes', async () => {
    room(transport => {
      asViewer(transport);
      comparing(transport);
    });
    await screen.findByRole('grid', { name: 'Versions' });
    expect(screen.queryByRole('button', { name: /Roll back/ })).toBeNull();
    expect(screen.queryByRole('button', { name: /Labels/ })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Check the bytes' })).toBeNull();
    expect(screen.getAllByRole('button', { name: /Download v3/ }).length).toBe(1);
  });
});

describe('a comparison', () => {
  const brief = { kind: 'array', dtype: 'float32', min: 0, max: 6.5, histogram: [5, 2, 1] };

  it('speaks of cells, columns, matrices and metadata, with signs', async () => {
    room(transport =>
      comparing(transport, {
        obs: { was: 912, now: 700, added: 0, removed: 212, kept: 700, reordered: false },
        elements: {
          added: {
            'obs/leiden': { kind: 'categorical', n_categories: 2, categories: { a: 4, b: 3 } }
          },
          removed: { 'obs/doublet_score': { ...brief, histogram: undefined } },
          changed: {
            X: { was: brief, now: { ...brief, min: -2 }, what: 'values' },
            'obs/n_genes': { was: brief, now: brief, what: 'subset, values not compared' },
            'obs/bulk_labels': {
              was: { kind: 'categorical', n_categories: 2, categories: { Dendritic: 328, B: 88 } },
              now: { kind: 'categorical', n_categories: 2, categories: { Dendritic: 240, B: 88 } },
              what: 'categories; subset, values not compared'
            }
          }
        },
        facts: {
          kind: { was: 'anndata', now: 'anndata' },
          counts_in: { was: 'X', now: null }
        },
        metadata: { added: {}, removed: {}, changed: { organism: { was: 'a', now: 'b' } } }
      })
    );
    const compare = await screen.findByRole('complementary', { name: 'Compare' });
    const cells = await within(compare).findByRole('row', { name: /^Cells 912 700/ });
    expect(cells.textContent).toContain('\u2212212');
    expect(cells.textContent).toContain('23.2%');
    expect(within(compare).getByRole('row', { name: /Dendritic 328 240/ })).toBeTruthy();
    expect(compare.textContent).toContain('2 categories');
    expect(compare.textContent).toContain('2 others follow the cells');
    expect(compare.textContent).toContain('Raw counts: none in v3; in v2 they are in X');
    expect(within(compare).getByText('organism')).toBeTruthy();
    await expectAccessible();
  });

  it('keeps hostile words text', async () => {
    const { container } = room(transport =>
      comparing(
        transport,
        {
          elements: {
            added: { [`obs/${HOSTILE}`]: { kind: 'categorical', categories: { [HOSTILE]: 1 } } },
            removed: {},
            changed: {}
          },
          problems: { added: [HOSTILE], removed: [] },
          metadata: { added: { [HOSTILE]: HOSTILE }, removed: {}, changed: {} }
        },
        `+1 obs column \`${HOSTILE}\``
      )
    );
    await screen.findAllByText(/<img src=x/);
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).not.toContain('\u202e');
  });
});

describe('rolling back', () => {
  it('shows what changes, then writes a version, which can be undone', async () => {
    const asked: unknown[] = [];
    const { user, notices } = room(transport => {
      comparing(transport, {}, '- 1 obs column `leiden`');
      transport.answer('POST', /\/rollback$/, request => {
        asked.push([request.path, request.body]);
        const made = record();
        return {
          status: 201,
          headers: {},
          body: { ...made, version: { ...made.version, seq: 4 } }
        };
      });
    });
    const grid = await screen.findByRole('grid', { name: 'Versions' });
    const rows = within(grid).getAllByRole('row');
    rows[2].focus();
    await user.keyboard('{Enter}');
    await user.click(screen.getByRole('button', { name: 'Roll back to this…' }));
    const dialog = screen.getByRole('dialog', { name: 'Roll back to v1?' });
    expect(dialog.textContent).toContain('a new version, v4');
    await within(dialog).findByText('leiden');
    await user.type(within(dialog).getByRole('textbox', { name: 'Message' }), 'for the benchmark');
    await user.click(within(dialog).getByRole('button', { name: 'Roll back to v1' }));
    await waitFor(() => expect(notices.length).toBe(1));
    const v1 = versions().find(version => version.seq === 1)!;
    expect(asked[0]).toEqual([
      `${AT}/versions/${v1.version_id}/rollback`,
      { message: 'for the benchmark' }
    ]);
    await notices[0].undo?.();
    expect(asked[1]).toEqual([
      `${AT}/versions/${record().version.version_id}/rollback`,
      { message: 'Back to v3' }
    ]);
  });

  it('of a damaged version is refused, and the version is marked', async () => {
    const { user } = room(transport => {
      comparing(transport);
      transport.answer('POST', /\/rollback$/, () => ({
        status: 500,
        headers: {},
        body: {
          title: "The pack 'p1' does not have the bytes that were written.",
          detail: 'Restore it from a backup.',
          kind: 'IntegrityError'
        }
      }));
    });
    const grid = await screen.findByRole('grid', { name: 'Versions' });
    within(grid).getAllByRole('row')[1].focus();
    await user.keyboard('{Enter}');
    await user.click(screen.getByRole('button', { name: 'Roll back to this…' }));
    const dialog = screen.getByRole('dialog');
    await user.click(within(dialog).getByRole('button', { name: 'Roll back to v2' }));
    expect(await within(dialog).findByText(/does not have the bytes/)).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    expect(await screen.findByText('v2 is damaged')).toBeTruthy();
    expect(screen.getByText(/Nothing is known against the 2 other versions/)).toBeTruthy();
    const told = screen.getByRole('complementary', { name: 'Damage of v2' });
    expect(told.textContent).toContain('Restore it from a backup.');
    expect(within(told).getAllByRole('img', { name: 'does not work' }).length).toBe(2);
    expect(screen.queryByRole('button', { name: 'Roll back to this…' })).toBeNull();
    await expectAccessible();
  });
});

describe('labels', () => {
  it('are added, and say when they move', async () => {
    const put: unknown[] = [];
    const v1 = versions().find(version => version.seq === 1)!;
    const { user } = room(transport => {
      comparing(transport);
      transport.answer('GET', /\/labels$/, () => ({
        status: 200,
        headers: {},
        body: { labels: [{ name: 'submitted', version_id: v1.version_id, seq: 1, created_at: 0 }] }
      }));
      transport.answer('PUT', /\/labels\//, request => {
        put.push([request.path, request.body]);
        return { status: 200, headers: {}, body: {} };
      });
    });
    await screen.findByRole('grid', { name: 'Versions' });
    await user.click(await screen.findByRole('button', { name: 'Labels of v3' }));
    const form = screen.getByRole('dialog', { name: 'Labels of v3' });
    await user.type(within(form).getByRole('combobox'), 'submitted');
    expect(await within(form).findByText('It moves here from v1.')).toBeTruthy();
    fireEvent.submit(form.querySelector('form')!);
    await waitFor(() =>
      expect(put).toEqual([[`${AT}/labels/submitted`, { version: record().version.version_id }]])
    );
  });
});

describe('reading what the server says', () => {
  it('finds modality, slot and name in a path', () => {
    expect(placeOf('mod/rna/obs/a/b')).toEqual({ modality: 'rna', slot: 'obs', name: 'a/b' });
    expect(placeOf('raw/var/name')).toEqual({ modality: '', slot: 'raw/var', name: 'name' });
    expect(placeOf('raw/X')).toEqual({ modality: '', slot: 'raw/X', name: 'raw/X' });
  });

  it('leaves out what only follows its axis, and orders as AnnData does', () => {
    const brief = { kind: 'array' };
    const found = sectionsOf(
      changes({
        elements: {
          added: { 'obsm/X_umap': brief, 'obs/a': brief },
          removed: {},
          changed: { X: { was: brief, now: brief, what: 'values' } }
        }
      })
    );
    expect(found.map(({ slot }) => slot)).toEqual(['X', 'obs', 'obsm']);
  });

  it('knows the versions that a check names, and no others', () => {
    const all = [1, 2, 12].map(seq => ({ ...record().version, seq, version_id: `id${seq}` }));
    const found = reported(
      {
        checked_versions: 3,
        checked_files: 0,
        checked_bytes: 1,
        problems: ['A pack is missing. It is the data of immunology/pbmc v12, other/pbmc v1.']
      },
      PBMC,
      all
    );
    expect([...found.keys()]).toEqual(['id12']);
  });

  it('keeps two of what is selected', () => {
    expect([...pair(new Set(['a', 'b']), new Set(['a', 'b', 'c']))]).toEqual(['b', 'c']);
    expect([...pair(new Set(['a']), new Set(['a', 'b', 'c', 'd']))]).toEqual(['a', 'd']);
  });
});
