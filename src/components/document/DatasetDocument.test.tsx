import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord } from '../../api/records';
import { recordedBody } from '../../testing/recorded';
import { TestKernels } from '../../testing/kernels';
import { asViewer, expectAccessible, showWithCatalog } from '../../testing/show';
import { DatasetDocument } from './DatasetDocument';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const AT = '/atlases/immunology/datasets/pbmc';

describe('the document of a dataset', () => {
  it('says what it is, and what is in it', async () => {
    showWithCatalog(<DatasetDocument dataset={PBMC} />);
    expect(await screen.findByRole('heading', { level: 1, name: 'pbmc' })).toBeTruthy();
    const header = screen.getByRole('banner');
    expect(header.textContent).toContain('60 cells × 30 genes');
    expect(header.textContent).toContain('Single cell RNA-seq');
    expect(header.textContent).toContain('v3 latest');

    const obs = await screen.findByRole('table', { name: 'obs columns' });
    expect(within(obs).getByRole('row', { name: /phase/ }).textContent).toMatch(/G1 \d+%/);
    expect(within(obs).getByRole('row', { name: /n_genes/ }).textContent).toContain('int64');
    // The column that the newest version brought.
    const leiden = within(obs).getByRole('row', { name: /leiden/ });
    await waitFor(() => expect(leiden.textContent).toContain('new in v3'));
    await waitFor(() =>
      expect(within(obs).getByRole('img', { name: /^from 1,001 to .* median/ })).toBeTruthy()
    );
    await expectAccessible();
  });

  it('says in which version the raw counts were last', async () => {
    const { user } = showWithCatalog(<DatasetDocument dataset={PBMC} />);
    const lost = await screen.findByText('Raw counts');
    const link = await within(lost.parentElement!).findByRole('button', { name: 'v1' });
    await user.click(link);
    await waitFor(() => expect(lost.parentElement).not.toBeNull());
    expect(await screen.findByText('v3 is newer')).toBeTruthy();
    expect(await screen.findByText('float32, dense, raw counts')).toBeTruthy();
  });

  it('shows another version, chosen by keyboard, and tells the host', async () => {
    const told: (string | undefined)[] = [];
    const { user, again } = showWithCatalog(<DatasetDocument dataset={PBMC} />);
    const picker = await screen.findByRole('button', { name: /Version v3 is shown/ });
    await waitFor(() => expect(screen.getByRole('tab', { name: 'Overview' })).toBeTruthy());
    picker.focus();
    await user.keyboard('{Enter}');
    const listed = await screen.findAllByRole('menuitemcheckbox');
    expect(listed.map(item => item.textContent)[0]).toContain('Add leiden');
    await user.keyboard('{ArrowDown}{Enter}');
    expect(await screen.findByRole('button', { name: /Version v2 is shown/ })).toBeTruthy();
    expect(document.activeElement?.textContent).toContain('v2');

    // A host that keeps the version itself is told, and decides.
    const onVersion = (version: string | undefined) => told.push(version);
    again(<DatasetDocument dataset={PBMC} onVersion={onVersion} />);
    expect(await screen.findByRole('button', { name: /Version v3 is shown/ })).toBeTruthy();
    await user.click(screen.getByRole('button', { name: /Version v3 is shown/ }));
    await user.click(await screen.findByRole('menuitemcheckbox', { name: /v1/ }));
    expect(told).toEqual(['v1']);
    expect(screen.getByRole('button', { name: /Version v3 is shown/ })).toBeTruthy();
  });

  it('says that a version is not there, and shows the newest', async () => {
    showWithCatalog(<DatasetDocument dataset={{ ...PBMC, version: 'v99' }} />);
    expect(await screen.findByText(/There is no version .*v99/)).toBeTruthy();
    expect(screen.getByRole('button', { name: /Version v3 is shown/ })).toBeTruthy();
  });

  it('offers nothing that a viewer may not do', async () => {
    const kernels = new TestKernels();
    showWithCatalog(<DatasetDocument dataset={PBMC} />, { kernels }, asViewer);
    expect(await screen.findByText(/you need the contributor role/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Save from kernel…' })).toBeNull();
    expect(screen.queryByRole('combobox', { name: 'Organism' })).toBeNull();
    expect(screen.getByText('Homo sapiens')).toBeTruthy();
    // To read is allowed: so is to load.
    expect(screen.getByRole('button', { name: 'Load into kernel' })).toBeTruthy();
  });

  it('has no button for kernels where there are none', async () => {
    showWithCatalog(<DatasetDocument dataset={PBMC} />);
    await screen.findByRole('heading', { level: 1 });
    expect(screen.queryByRole('button', { name: 'Load into kernel' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Save from kernel…' })).toBeNull();
  });
});

describe('a dataset that cannot be shown', () => {
  it('was deleted: an admin can restore it', async () => {
    let restored = 0;
    const { user, feed } = showWithCatalog(
      <DatasetDocument dataset={{ atlas: 'immunology', id: 'table_5' }} />,
      {},
      transport => {
        transport.answer('POST', /table_5\/undelete$/, () => {
          restored += 1;
          return { status: 200, headers: {}, body: {} };
        });
      }
    );
    await user.click(await screen.findByRole('button', { name: /Restore .*table_5/ }));
    expect(restored).toBe(1);
    feed.say(null);
    expect(await screen.findByText(/was deleted/)).toBeTruthy();
  });

  it('was deleted: a viewer is told whom to ask', async () => {
    const dataset = { atlas: 'immunology', id: 'table_5' };
    showWithCatalog(<DatasetDocument dataset={dataset} />, {}, asViewer);
    expect(await screen.findByText(/An admin can restore it/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Restore/ })).toBeNull();
  });

  it('never was', async () => {
    showWithCatalog(<DatasetDocument dataset={{ atlas: 'immunology', id: 'nothing' }} />);
    expect(await screen.findByText(/There is no dataset .*nothing/)).toBeTruthy();
  });

  it('may not be read', async () => {
    showWithCatalog(<DatasetDocument dataset={PBMC} />, {}, transport =>
      transport.answer('GET', /pbmc$/, () => ({
        status: 403,
        headers: {},
        body: { title: 'ada may not read immunology.', detail: null, kind: 'AccessDenied' }
      }))
    );
    expect(await screen.findByText('You may not read immunology/pbmc')).toBeTruthy();
    expect(screen.getByText(/can give you the viewer role/)).toBeTruthy();
  });

  it('is deleted while it is open, and comes back', async () => {
    let gone = false;
    const { feed, transport } = showWithCatalog(
      <DatasetDocument dataset={PBMC} />,
      {},
      transport => {
        transport.answer('GET', /datasets\/pbmc$/, () =>
          gone
            ? {
                status: 404,
                headers: {},
                body: { title: 'Deleted.', detail: null, kind: 'NotFound' }
              }
            : { status: 200, headers: {}, body: recordedBody<DatasetRecord>(AT) }
        );
      }
    );
    await screen.findByRole('heading', { level: 1 });
    transport.answer('GET', /immunology\/datasets$/, () => ({
      status: 200,
      headers: {},
      body: { datasets: [recordedBody<DatasetRecord>(AT)], total: 1, next: null, facets: {} }
    }));
    gone = true;
    feed.say(null);
    expect(await screen.findByText(/pbmc.* was deleted/)).toBeTruthy();
    gone = false;
    feed.say(null);
    expect(await screen.findByRole('heading', { level: 1, name: 'pbmc' })).toBeTruthy();
  });
});

describe('hostile words', () => {
  it('stay text, in their places', async () => {
    const dataset = { atlas: 'immunology', id: 'hostile' };
    const { container } = showWithCatalog(<DatasetDocument dataset={dataset} />);
    const table = await screen.findByRole('table', { name: 'obs columns' });
    expect(container.querySelector('img')).toBeNull();
    expect(table.textContent).toContain('<img src=x');
    // What turns the direction is shown as what it is.
    expect(table.textContent).not.toContain('\u202e');
    const title = screen.getByRole('combobox', { name: 'Title' });
    expect((title as HTMLInputElement).value).toContain('<img src=x onerror');
    await expectAccessible();
  });
});
