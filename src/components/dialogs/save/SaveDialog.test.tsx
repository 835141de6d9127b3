import { screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord } from '../../../api/records';
import { recordedBody, type RecordedTransport } from '../../../testing/recorded';
import { TestKernels } from '../../../testing/kernels';
import { expectAccessible, showWithCatalog } from '../../../testing/show';
import { type IVariable, SaveConflict } from '../../host';
import { useSave } from '.';
import { signed } from './ChangeLines';

const RECORD = recordedBody<DatasetRecord>('/atlases/immunology/datasets/pbmc');
const VERSIONS = recordedBody<{ versions: DatasetRecord['version'][] }>(
  '/atlases/immunology/datasets/pbmc/versions'
).versions;

const variable = (name: string, version: string | null = null): IVariable => ({
  name,
  type: 'AnnData',
  shape: '60 × 30',
  size: 1000,
  loadedFrom: version === null ? null : { atlas: 'immunology', id: 'pbmc', version }
});

function Document() {
  const [looked, setLooked] = useState(false);
  const save = useSave('immunology', RECORD, () => setLooked(true));
  return (
    <>
      {save && <button onClick={save.open}>Save from kernel…</button>}
      {looked && <p>The versions</p>}
      {save?.dialog}
    </>
  );
}

async function opened(kernels: TestKernels, prepare?: Parameters<typeof showWithCatalog>[2]) {
  const shown = showWithCatalog(<Document />, { kernels }, prepare);
  await shown.user.click(screen.getByRole('button', { name: 'Save from kernel…' }));
  await screen.findByRole('radiogroup', { name: 'Variable' });
  return shown;
}

/** These ids are free. */
function none(transport: RecordedTransport): void {
  transport.answer('GET', /datasets$/, ({ query }) => {
    const taken = String(query?.where).includes('"pbmc"');
    const body = { datasets: taken ? [RECORD] : [], total: null, next: null, facets: null };
    return { status: 200, headers: {}, body };
  });
  transport.answer('GET', /studies$/, () => ({ status: 200, headers: {}, body: { studies: [] } }));
}

const message = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'Message' });

describe('Save from kernel', () => {
  it('saves the variable that was loaded from here, as the next version', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('b_cells'), variable('adata', 'v3')];
    const { user, notices } = await opened(kernels);
    expect(screen.getByRole<HTMLInputElement>('radio', { name: /adata/ }).checked).toBe(true);
    expect(document.activeElement).toBe(message());
    expect(await screen.findByText('cell_state')).toBeTruthy();
    await expectAccessible();

    await user.type(message(), 'Add cell_state{Enter}');
    await waitFor(() => expect(notices.map(one => one.text)).toEqual(['Saved as pbmc v4']));
    expect(kernels.saves.filter(wish => !wish.dryRun)).toEqual([
      {
        variable: 'adata',
        atlas: 'immunology',
        id: 'pbmc',
        message: 'Add cell_state',
        expectedVersion: RECORD.version.version_id
      }
    ]);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is based on the version that the variable was loaded from', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('adata', 'v2')];
    const { user, transport } = await opened(kernels);
    await waitFor(() => expect(transport.sent('GET', /pbmc\/versions$/)).toHaveLength(1));
    await screen.findByText('cell_state');
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    const second = VERSIONS.find(version => version.seq === 2);
    await waitFor(() =>
      expect(kernels.saves.at(-1)).toMatchObject({ expectedVersion: second?.version_id })
    );
  });

  it('makes a new dataset with an id that is free', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('b_cells')];
    const { user } = await opened(kernels, none);
    await user.click(screen.getByRole('radio', { name: 'a new dataset' }));
    const id = screen.getByRole<HTMLInputElement>('textbox', { name: /^Id/ });
    expect(id.value).toBe('b_cells');
    expect(await screen.findByText('Free in immunology')).toBeTruthy();
    const save = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Save new dataset' });

    await user.clear(id);
    await user.type(id, 'pbmc');
    expect(await screen.findByText(/There is a dataset of this id/)).toBeTruthy();
    expect(save().disabled).toBe(true);

    await user.clear(id);
    await user.type(id, 'B cells (68k)');
    await user.click(await screen.findByRole('button', { name: 'Use B_cells_68k' }));
    await user.type(screen.getByRole('textbox', { name: 'Name' }), 'B cells of 68k <b>');
    expect(id.value).toBe('B_cells_68k'); // that was chosen
    await user.type(screen.getByRole('combobox', { name: 'Study' }), 'PMID1');
    await waitFor(() => expect(save().disabled).toBe(false));
    await user.click(save());
    await waitFor(() =>
      expect(kernels.saves.at(-1)).toEqual({
        variable: 'b_cells',
        atlas: 'immunology',
        id: 'B_cells_68k',
        message: '',
        create: {
          dataType: 'Single cell RNA-seq',
          title: 'B cells of 68k <b>',
          study: 'PMID1'
        }
      })
    );
  });

  it('proposes an id from the name', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('adata', 'v3')];
    const { user } = await opened(kernels, none);
    await user.click(screen.getByRole('radio', { name: 'a new dataset' }));
    expect(screen.getByText('pbmc v3')).toBeTruthy(); // what it is made from
    await user.type(screen.getByRole('textbox', { name: 'Name' }), 'B_cells (68k)');
    expect(screen.getByRole<HTMLInputElement>('textbox', { name: /^Id/ }).value).toBe(
      'B_cells_68k'
    );
    expect(await screen.findByText('From the name; free in immunology.')).toBeTruthy();
    await expectAccessible();
  });

  it('offers a new dataset for a table, and says what it would be here', async () => {
    const kernels = new TestKernels();
    kernels.known = [{ ...variable('markers'), type: 'DataFrame', shape: '350 × 6' }];
    const { user } = await opened(kernels, none);
    const isNew = screen.getByRole<HTMLInputElement>('radio', { name: 'a new dataset' });
    expect(isNew.checked).toBe(true);
    expect(screen.getByRole<HTMLInputElement>('combobox', { name: /^Type/ }).value).toBe('Table');
    expect(kernels.saves).toEqual([]); // it is no change of this dataset
    await user.click(screen.getByRole('radio', { name: /other versions hold h5ad/ }));
    expect(screen.getByRole('button', { name: 'Save as v4' })).toBeTruthy();
  });

  it('keeps a kernel from reading large data only to say what changed', async () => {
    const kernels = new TestKernels();
    kernels.known = [{ ...variable('adata', 'v3'), size: 4e9 }, variable('small', 'v2')];
    const { user } = await opened(kernels);
    const find = await screen.findByRole('button', { name: 'Find out what changed' });
    expect(screen.getByText(/reads about 4.0 GB/)).toBeTruthy();
    expect(kernels.saves).toEqual([]);
    await user.click(find);
    expect(await screen.findByText('cell_state')).toBeTruthy();
    expect(kernels.saves).toMatchObject([{ variable: 'adata', dryRun: true }]);
    await user.click(screen.getByRole('radio', { name: /small/ }));
    await waitFor(() => expect(kernels.saves.at(-1)).toMatchObject({ variable: 'small' }));
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    await waitFor(() => expect(kernels.saves.at(-1)?.dryRun).toBeUndefined());
  });

  it('says that a save goes on when it is closed', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('adata', 'v3')];
    kernels.saved = () => new Promise(() => undefined);
    const { user } = await opened(kernels);
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    await user.click(await screen.findByRole('button', { name: 'Close, and go on saving' }));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('shows both sides where somebody saved first; nothing is chosen, nothing is lost', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('adata', 'v3')];
    const newest = { ...RECORD.version, seq: 4, version_id: 'newest', author: 'curator1' };
    kernels.saved = wish =>
      wish.expectedVersion === 'newest'
        ? Promise.resolve({ version: 'v5', changes: [] })
        : Promise.reject(
            new SaveConflict(
              newest,
              'v3',
              ['+1 obs column `doublet` (bool)', '~obs column `phase`'],
              ['+1 obs column `cell_state` (6 categories)', '~obs column `phase`']
            )
          );
    const { user, notices } = await opened(kernels);
    await user.type(message(), 'Add cell_state');
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    expect(await screen.findByText(/v4 was saved by curator1/)).toBeTruthy();
    expect(screen.getByText('doublet')).toBeTruthy();
    expect(screen.getByText('cell_state')).toBeTruthy();
    expect(screen.getByText(/Changed on both sides/).textContent).toContain('phase');
    await expectAccessible();

    // To look at theirs loses nothing that was typed.
    await user.click(screen.getByRole('button', { name: 'Look at v4' }));
    expect(screen.getByText('The versions')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save from kernel…' }));
    await screen.findByRole('radiogroup', { name: 'Variable' });
    expect(message().value).toBe('Add cell_state');

    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    await user.click(await screen.findByRole('button', { name: 'Save as v5' }));
    await waitFor(() => expect(notices.at(-1)?.text).toBe('Saved as pbmc v5'));
    expect(kernels.saves.at(-1)).toMatchObject({
      message: 'Add cell_state',
      expectedVersion: 'newest'
    });
  });

  it('says that there is nothing to save, and looks again', async () => {
    const kernels = new TestKernels();
    const { user } = showWithCatalog(<Document />, { kernels });
    await user.click(screen.getByRole('button', { name: 'Save from kernel…' }));
    expect(await screen.findByText('Nothing in this kernel can be saved')).toBeTruthy();
    kernels.known = [variable('adata')];
    await user.click(screen.getByRole('button', { name: 'Look again' }));
    expect(await screen.findByRole('radio', { name: /adata/ })).toBeTruthy();
  });

  it('says what the catalog refused, and keeps the message', async () => {
    const kernels = new TestKernels();
    kernels.known = [variable('adata', 'v3')];
    kernels.saved = () => Promise.reject(new Error('ada may not write in immunology.'));
    const { user } = await opened(kernels);
    await user.type(message(), 'Mine');
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    expect(await screen.findByText('ada may not write in immunology.')).toBeTruthy();
    expect(message().value).toBe('Mine');
  });

  it('is absent where no kernel is there', () => {
    const kernels = new TestKernels();
    kernels.current = null;
    showWithCatalog(<Document />, { kernels });
    expect(screen.queryByRole('button', { name: 'Save from kernel…' })).toBeNull();
  });
});

it('reads the sign of a change', () => {
  expect(signed('+1 obs column')).toEqual({ kind: 'added', words: '1 obs column' });
  expect(signed('-212 cells')).toEqual({ kind: 'removed', words: '212 cells' });
  expect(signed('metadata: `title` changed')).toMatchObject({ kind: 'changed' });
  expect(signed('X, raw, var: same')).toMatchObject({ kind: null });
});
