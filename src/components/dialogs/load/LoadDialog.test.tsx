import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord } from '../../../api/records';
import { recordedBody, type RecordedTransport } from '../../../testing/recorded';
import { NOTEBOOK, TestKernels } from '../../../testing/kernels';
import { expectAccessible, showWithCatalog } from '../../../testing/show';
import type { ILoadWish } from '../../host';
import { LoadButton, useLoad } from '.';
import { isVariableName } from './plan';
import { pastedNames } from './SubsetFields';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const VERSION = recordedBody<DatasetRecord>('/atlases/immunology/datasets/pbmc').version;

function Row({ wish }: { wish?: ILoadWish }) {
  const load = useLoad();
  return (
    <>
      <LoadButton load={load} dataset={PBMC} record={VERSION} />
      <button onClick={() => void load?.load(PBMC, VERSION, wish)}>With a wish</button>
      <button onClick={() => load?.choose(PBMC, VERSION)}>Options</button>
      {load?.dialog}
    </>
  );
}

/** Genes are found as a server finds them: by what people call them. */
function prepare(transport: RecordedTransport): void {
  transport.answer('GET', /preview$/, () => ({
    status: 200,
    headers: {},
    body: { names: { names: ['ENSG0000'], found: ['HES4'], rows: [0] } }
  }));
}

const LOAD = { name: 'Load pbmc into the kernel' };

describe('Load', () => {
  it('loads at once where nothing stands against it, and says what is there', async () => {
    const kernels = new TestKernels();
    const { user, notices } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    await waitFor(() => expect(notices.map(one => one.text)).toEqual(['adata: AnnData 60 × 30']));
    expect(kernels.loads).toEqual([{ how: 'run' }]);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is absent where there is no kernel to load into', () => {
    showWithCatalog(<Row />);
    expect(screen.queryByRole('button', LOAD)).toBeNull();
  });

  it('is not pressed twice', async () => {
    const kernels = new TestKernels();
    let go = () => undefined as void;
    const wait = new Promise<void>(resolve => {
      go = resolve;
    });
    const load = kernels.load.bind(kernels);
    kernels.load = async (...all) => {
      await wait;
      return load(...all);
    };
    const { user, notices } = showWithCatalog(<Row />, { kernels });
    await user.dblClick(screen.getByRole('button', LOAD));
    go();
    await waitFor(() => expect(notices).toHaveLength(1));
    expect(kernels.loads).toHaveLength(1);
  });

  it('never replaces a variable unasked', async () => {
    const kernels = new TestKernels();
    kernels.obstacle = wish =>
      (wish.variable ?? 'adata') === 'adata' && !wish.overwrite
        ? { kind: 'exists', variable: 'adata', holds: 'AnnData 9 × 9', free: 'pbmc' }
        : null;
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    await screen.findByRole('dialog', { name: 'Load pbmc?' });
    expect(screen.getByText(/adata exists in this kernel \(AnnData 9 × 9\)/)).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Load' }).disabled).toBe(true);
    expect(kernels.loads).toEqual([]);
    await expectAccessible();

    await user.click(screen.getByRole('button', { name: 'Use pbmc' }));
    const go = screen.getByRole<HTMLButtonElement>('button', { name: 'Load' });
    await waitFor(() => expect(go.disabled).toBe(false));
    expect(await screen.findByText(/^pbmc = Catalog/)).toBeTruthy();
    await user.click(go);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(kernels.loads).toMatchObject([{ variable: 'pbmc', how: 'run' }]);
    expect(kernels.loads[0].overwrite).toBeUndefined();
  });

  it('replaces it when asked', async () => {
    const kernels = new TestKernels();
    kernels.obstacle = wish =>
      wish.overwrite ? null : { kind: 'exists', variable: 'adata', holds: 'int', free: 'pbmc' };
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    await user.click(await screen.findByRole('button', { name: 'replace it' }));
    const go = screen.getByRole<HTMLButtonElement>('button', { name: 'Load' });
    await waitFor(() => expect(go.disabled).toBe(false));
    await user.click(go);
    await waitFor(() => expect(kernels.loads).toMatchObject([{ overwrite: true }]));
  });

  it('asks where it is large, and the full load is never the default', async () => {
    const kernels = new TestKernels();
    kernels.obstacle = wish =>
      (wish.as ?? 'memory') === 'memory' && !wish.evenIfLarge
        ? { kind: 'large', memory: 38e9, freeMemory: 11e9 }
        : null;
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    expect(await screen.findByText('Larger than the free memory')).toBeTruthy();
    const backed = screen.getByRole<HTMLInputElement>('radio', { name: 'Backed' });
    expect(backed.checked).toBe(true);
    const go = await screen.findByRole<HTMLButtonElement>('button', { name: 'Load backed' });
    await waitFor(() => expect(go.disabled).toBe(false));

    await user.click(screen.getByRole('radio', { name: 'Into memory' }));
    const all = await screen.findByRole<HTMLButtonElement>('button', { name: 'Load it all' });
    await waitFor(() => expect(all.disabled).toBe(true));
    await user.click(screen.getByRole('checkbox', { name: 'Load it all the same' }));
    await waitFor(() => expect(all.disabled).toBe(false));
    await user.click(screen.getByRole('radio', { name: 'Lazy' }));
    await user.click(await screen.findByRole('button', { name: 'Load lazily' }));
    await waitFor(() => expect(kernels.loads).toMatchObject([{ as: 'lazy' }]));
    expect(kernels.loads[0].evenIfLarge).toBeUndefined();
  });

  it('loads some cells and some genes, which are chosen from what is there', async () => {
    const kernels = new TestKernels();
    const { user, transport } = showWithCatalog(<Row />, { kernels }, prepare);
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await user.click(await screen.findByRole('radio', { name: /^A subset/ }));
    const go = await screen.findByRole<HTMLButtonElement>('button', { name: 'Load the subset' });
    expect(screen.getByText(/^Choose by the categories/)).toBeTruthy();
    expect(go.disabled).toBe(true);

    await user.click(
      await screen.findByRole('combobox', { name: 'The column of obs that says which' })
    );
    await user.click(await screen.findByRole('option', { name: 'louvain' }));
    const values = await screen.findByRole('combobox', { name: 'Values of louvain' });
    expect(go.disabled).toBe(true); // a column alone says nothing
    await user.click(values);
    const all = await screen.findAllByRole('option');
    expect(all[0].textContent).toMatch(/^013$/); // the most frequent first, and how many
    await user.click(all[0]);
    await user.type(values, '1{Enter}');
    await user.type(values, 'nowhere{Enter}'); // is none of them
    await screen.findByText('26 cells × 30 genes');
    expect(await screen.findByText('about 2 MB')).toBeTruthy();

    await user.click(screen.getByRole('combobox', { name: 'Names of genes' }));
    await user.paste('MS4A1\nCD3D\tMS4A1');
    await screen.findByText('26 cells × 2 genes');
    await user.type(screen.getByRole('combobox', { name: 'Names of genes' }), 'hes');
    await user.click(await screen.findByRole('option', { name: /^HES/ }));
    await waitFor(() => expect(go.disabled).toBe(false));
    await expectAccessible();
    await user.click(go);
    await waitFor(() => expect(kernels.loads).toHaveLength(1));
    expect(kernels.loads[0]).toMatchObject({
      as: 'part',
      part: { obs: { louvain: ['0', '1'] }, var: ['MS4A1', 'CD3D', 'ENSG0000'] }
    });
    const [asked] = transport.sent('GET', /preview$/);
    expect(asked.query).toMatchObject({ kind: 'names', table: 'var', search: 'hes' });
  });

  it('says where a part is too large still', async () => {
    const kernels = new TestKernels();
    kernels.obstacle = wish =>
      ['backed', 'lazy'].includes(wish.as ?? '') || wish.part?.var || wish.evenIfLarge
        ? null
        : { kind: 'large', memory: 38e9, freeMemory: 11e9 };
    const { user } = showWithCatalog(<Row />, { kernels }, prepare);
    await user.click(screen.getByRole('button', LOAD));
    await user.click(await screen.findByRole('radio', { name: 'A subset' }));
    await user.click(await screen.findByRole('combobox', { name: /^The column/ }));
    await user.click(await screen.findByRole('option', { name: 'louvain' }));
    await user.type(await screen.findByRole('combobox', { name: /^Values/ }), '0{Enter}');
    expect(await screen.findByText(/choose less/)).toBeTruthy();
    const go = screen.getByRole<HTMLButtonElement>('button', { name: 'Load the subset' });
    expect(go.disabled).toBe(true);
    await user.type(screen.getByRole('combobox', { name: 'Names of genes' }), 'CD3D{Enter}');
    await waitFor(() => expect(go.disabled).toBe(false));
    await waitFor(() => expect(screen.queryByText(/choose less/)).toBeNull());
    await user.click(go);
    await waitFor(() => expect(kernels.loads).toMatchObject([{ as: 'part' }]));
  });

  it('leaves out no cells by a column of which nothing is chosen', async () => {
    const kernels = new TestKernels();
    const { user } = showWithCatalog(<Row />, { kernels }, prepare);
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await user.click(await screen.findByRole('radio', { name: /^A subset/ }));
    await user.click(await screen.findByRole('combobox', { name: /^The column/ }));
    await user.click(await screen.findByRole('option', { name: 'louvain' }));
    await user.type(screen.getByRole('combobox', { name: 'Names of genes' }), 'CD3D{Enter}');
    const go = screen.getByRole<HTMLButtonElement>('button', { name: 'Load the subset' });
    await waitFor(() => expect(go.disabled).toBe(false));
    await user.click(go);
    await waitFor(() => expect(kernels.loads[0]?.part).toEqual({ var: ['CD3D'] }));
  });

  it('keeps what stands in a file as it is', async () => {
    const odd = ' "]}) <img src=x onerror=alert(1)> ';
    const kernels = new TestKernels();
    const { user } = showWithCatalog(<Row />, { kernels }, transport => {
      transport.answer('GET', /summary$/, () => ({
        status: 200,
        headers: {},
        body: {
          kind: 'anndata',
          elements: {
            [`obs/${odd}`]: { kind: 'categorical', categories: { [odd]: 60 }, n_categories: 1 }
          }
        }
      }));
    });
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await user.click(await screen.findByRole('radio', { name: /^A subset/ }));
    await user.click(await screen.findByRole('combobox', { name: /^The column/ }));
    await user.click((await screen.findAllByRole('option'))[1]);
    await user.click(await screen.findByRole('combobox', { name: /^Values/ }));
    await user.click(await screen.findByRole('option'));
    const go = screen.getByRole<HTMLButtonElement>('button', { name: 'Load the subset' });
    await waitFor(() => expect(go.disabled).toBe(false));
    await user.click(go);
    await waitFor(() => expect(kernels.loads[0]?.part).toEqual({ obs: { [odd]: [odd] } }));
    expect(document.querySelector('img')).toBeNull();
  });

  it('offers a new notebook where none is open, then kernels that still run', async () => {
    const kernels = new TestKernels();
    kernels.current = null;
    kernels.obstacle = wish => (wish.target ? null : { kind: 'no-kernel' });
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    await screen.findByText('No notebook is open');
    await user.keyboard('{Enter}'); // the first thing that it offers
    await waitFor(() => expect(kernels.loads).toMatchObject([{ target: 'new' }]));

    await user.click(screen.getByRole('button', LOAD));
    await user.click(await screen.findByRole('button', { name: 'Open analysis.ipynb and load' }));
    await waitFor(() => expect(kernels.loads[1]).toMatchObject({ target: NOTEBOOK.id }));
  });

  it.each([
    [{ kind: 'not-installed', install: '%pip install omicshelf' }, /has no omicshelf/],
    [{ kind: 'language', language: 'R', code: 'adata <- 1' }, /analysis.ipynb runs R/],
    [{ kind: 'language', language: 'Julia', code: null }, /runs Julia/],
    [{ kind: 'dead' }, /The kernel of analysis.ipynb has died/]
  ] as const)('says what stands against it: %o', async (obstacle, words) => {
    const kernels = new TestKernels();
    kernels.obstacle = () => obstacle;
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    expect(await screen.findByText(words)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Load' })).toBeNull();
    await expectAccessible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('button', LOAD));
  });

  it('inserts the code only, where that is chosen', async () => {
    const kernels = new TestKernels();
    const { user, notices } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await user.click(await screen.findByRole('combobox', { name: /^Code/ }));
    await user.click(await screen.findByRole('option', { name: 'In a new cell, not run' }));
    const go = await screen.findByRole<HTMLButtonElement>('button', { name: 'Insert' });
    await waitFor(() => expect(go.disabled).toBe(false));
    await user.click(go);
    await waitFor(() => expect(notices[0]?.text).toContain('run its cell to load'));
    expect(kernels.loads).toMatchObject([{ how: 'insert' }]);
  });

  it('asks a widget for no cell and no other kernel: it has none', async () => {
    const kernels = new TestKernels();
    kernels.insert = undefined;
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await screen.findByRole('textbox', { name: 'Variable' });
    await screen.findByText(/^adata = Catalog/);
    expect(screen.queryByRole('combobox', { name: /^Code/ })).toBeNull();
    expect(screen.queryByRole('combobox', { name: /^Kernel/ })).toBeNull();
  });

  it('gives up what waits for the kernel when it is closed', async () => {
    const kernels = new TestKernels();
    const signals: (AbortSignal | undefined)[] = [];
    kernels.plan = (_ref, _record, wish) => {
      signals.push(wish.signal);
      return new Promise(() => undefined);
    };
    const { user } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', { name: 'Options' }));
    await waitFor(() => expect(signals).toHaveLength(1));
    expect(signals[0]?.aborted).toBe(false);
    await user.click(await screen.findByRole('button', { name: 'Cancel' }));
    expect(signals[0]?.aborted).toBe(true);
    expect(kernels.loads).toEqual([]);
  });

  it('tells what went wrong in the kernel, and stays', async () => {
    const kernels = new TestKernels();
    kernels.load = () => Promise.reject(new Error('The bytes of v3 do not match their hash.'));
    const { user, notices } = showWithCatalog(<Row />, { kernels });
    await user.click(screen.getByRole('button', LOAD));
    await waitFor(() => expect(notices[0]?.text).toContain('pbmc was not loaded: The bytes of v3'));
    await user.click(screen.getByRole('button', { name: 'Options' }));
    const go = await screen.findByRole<HTMLButtonElement>('button', { name: 'Load' });
    await waitFor(() => expect(go.disabled).toBe(false));
    await user.click(go);
    expect(await screen.findByText('The bytes of v3 do not match their hash.')).toBeTruthy();
    expect(screen.getByRole('dialog')).toBeTruthy();
  });

  it('refuses what cannot be a name in Python', async () => {
    const { user } = showWithCatalog(<Row />, { kernels: new TestKernels() });
    await user.click(screen.getByRole('button', { name: 'Options' }));
    const name = await screen.findByRole('textbox', { name: 'Variable' });
    await waitFor(() => expect((name as HTMLInputElement).value).toBe('adata'));
    await user.clear(name);
    await user.type(name, '2x');
    expect(screen.getByText(/no digit first/)).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Load' }).disabled).toBe(true);
  });
});

it('knows the names of variables', () => {
  expect(['adata', '_x', 'zellen_ä', 'x2'].every(isVariableName)).toBe(true);
  expect(['', '2x', 'a b', 'for', 'a-b', 'a.b', 'x;y'].some(isVariableName)).toBe(false);
});

it.each([
  ['CD3D', ['CD3D']],
  ['CD3D MS4A1  CD8A\n', ['CD3D MS4A1  CD8A']],
  ['CD3D MS4A1', ['CD3D', 'MS4A1']],
  ['Gene\tA\r\nGene B\r\n', ['Gene', 'A', 'Gene B']],
  ['"CD3D", \'MS4A1\';', ['CD3D', 'MS4A1']],
  [' \n ', []]
])('takes the names out of %j', (text, names) => {
  expect(pastedNames(text)).toEqual(names);
});
