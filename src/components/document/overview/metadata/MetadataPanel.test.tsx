import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord } from '../../../../api/records';
import { recorded, recordedBody, type RecordedTransport } from '../../../../testing/recorded';
import { expectAccessible, showWithCatalog } from '../../../../testing/show';
import { DatasetDocument } from '../../DatasetDocument';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const AT = '/atlases/immunology/datasets/pbmc';
const RECORD = /datasets\/pbmc$/;

function field(name: string): HTMLInputElement {
  return screen.getByRole('combobox', { name });
}

/** What is in the catalog now; a test changes it as somebody else would. */
function served(transport: RecordedTransport): { answer: ReturnType<typeof recorded> } {
  const now = { answer: recorded('before') };
  transport.answer('GET', RECORD, () => structuredClone(now.answer));
  return now;
}

async function opened(prepare?: (transport: RecordedTransport) => void) {
  const shown = showWithCatalog(<DatasetDocument dataset={PBMC} />, {}, prepare);
  await screen.findByRole('combobox', { name: 'Organism' });
  return shown;
}

describe('the metadata form', () => {
  it('saves a version of what was changed, on what was seen', async () => {
    const { user, transport, notices } = await opened(it =>
      it.answer('PATCH', RECORD, () => recorded('saved'))
    );
    expect(screen.queryByRole('button', { name: /^Save as/ })).toBeNull();
    await user.clear(field('Organism'));
    await user.type(field('Organism'), 'Mus musculus');
    await user.type(screen.getByRole('textbox', { name: 'Message' }), 'From a mouse');
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    await waitFor(() => expect(notices.map(notice => notice.text)).toEqual(['Saved as v4']));

    const [sent] = transport.sent('PATCH', RECORD);
    const before = recordedBody<DatasetRecord>(AT).version.metadata;
    expect(sent.headers?.['If-Match']).toBe(recorded('before').headers.etag);
    expect(sent.body).toMatchObject({
      message: 'From a mouse',
      metadata: { ...before, organism: 'Mus musculus' }
    });
    // What the server says it is now is shown, and nothing is left to save.
    await waitFor(() => expect(screen.queryByRole('button', { name: /^Save as/ })).toBeNull());
    expect(field('Tissue').value).toBe('blood');
  });

  it('says what is wrong, and does not save it', async () => {
    const { user, transport } = await opened();
    const donors = screen.getByRole('textbox', { name: 'Donors' });
    await user.clear(donors);
    await user.type(donors, 'three');
    expect(screen.getByText(/Must be a number/)).toBeTruthy();
    expect(screen.getByText('Fix 1 error to save')).toBeTruthy();
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save as v4' });
    expect(save.disabled).toBe(true);
    await expectAccessible();
    await user.click(screen.getByRole('button', { name: 'Revert' }));
    expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Donors' }).value).toBe('1');
    expect(transport.sent('PATCH', RECORD)).toEqual([]);
  });

  it('proposes what others write', async () => {
    const { user } = await opened();
    await user.clear(field('Organism'));
    await user.type(field('Organism'), 'homo sapeins');
    await user.click(await screen.findByRole('button', { name: /Homo sapiens/ }));
    expect(field('Organism').value).toBe('Homo sapiens');
  });

  it('adds a field by keyboard, and takes it away', async () => {
    const { user } = await opened();
    await user.type(screen.getByRole('combobox', { name: 'Add a field' }), 'batch{Enter}');
    expect(document.activeElement).toBe(field('Batch'));
    await user.keyboard('7');
    await user.click(screen.getByRole('button', { name: 'Make it a number' }));
    const batch = screen.getByRole<HTMLInputElement>('textbox', { name: 'Batch' });
    expect(batch.value).toBe('7');
    await user.click(screen.getByRole('button', { name: 'More for batch' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove' }));
    expect(screen.queryByRole('textbox', { name: 'Batch' })).toBeNull();
    expect(screen.queryByRole('button', { name: /^Save as/ })).toBeNull();
  });

  it('keeps what is typed when somebody else saves, and merges both', async () => {
    let now = { answer: recorded('before') };
    const { user, feed, transport } = await opened(it => {
      now = served(it);
    });
    await user.type(field('Title'), ', frozen at −80 °C for two years');
    // It stays the same control, however long the text becomes.
    expect(document.activeElement).toBe(field('Title'));
    now.answer = recorded('after'); // another organism, and a tissue
    feed.say(null);
    expect(await screen.findByText(/v4.* was saved by .*ada/)).toBeTruthy();
    expect(field('Organism').value).toBe('Homo sapiens');
    expect(screen.getByText('Merge first')).toBeTruthy();

    await user.click(screen.getByRole('button', { name: 'Merge' }));
    expect(field('Organism').value).toBe('Mus musculus');
    expect(field('Tissue').value).toBe('blood');
    expect(field('Title').value).toContain(', frozen at');

    transport.answer('PATCH', RECORD, () => recorded('saved'));
    await user.click(screen.getByRole('button', { name: 'Save as v5' }));
    await waitFor(() => expect(transport.sent('PATCH', RECORD)).toHaveLength(1));
    const [sent] = transport.sent('PATCH', RECORD);
    expect(sent.headers?.['If-Match']).toBe(recorded('after').headers.etag);
    expect(sent.body).toMatchObject({ metadata: { organism: 'Mus musculus', tissue: 'blood' } });
  });

  it('takes what somebody else saved at once where nothing was typed', async () => {
    let now = { answer: recorded('before') };
    const { feed } = await opened(it => {
      now = served(it);
    });
    now.answer = recorded('after');
    feed.say(null);
    await waitFor(() => expect(field('Organism').value).toBe('Mus musculus'));
    expect(screen.queryByText(/was saved by/)).toBeNull();
  });

  it('shows both sides where both changed the same, before the feed has told it', async () => {
    let now = { answer: recorded('before') };
    const { user } = await opened(it => {
      now = served(it);
      it.answer('PATCH', RECORD, () => recorded('refused'));
    });
    await user.clear(field('Organism'));
    await user.type(field('Organism'), 'Rattus norvegicus');
    now.answer = recorded('after');
    await user.click(screen.getByRole('button', { name: 'Save as v4' }));
    await user.click(await screen.findByRole('button', { name: 'Merge' }));
    const choice = await screen.findByRole('radiogroup', { name: 'Whose organism' });
    const clash = choice.closest('li')!;
    expect(clash.textContent).toContain('Rattus norvegicus');
    expect(clash.textContent).toContain('Mus musculus');
    // No side is chosen before the person does.
    const save = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Save as v5' });
    expect(save().disabled).toBe(true);
    await user.click(within(choice).getByRole('radio', { name: 'Take theirs' }));
    expect(field('Organism').value).toBe('Mus musculus');
    await user.click(within(choice).getByRole('radio', { name: 'Keep mine' }));
    expect(field('Organism').value).toBe('Rattus norvegicus');
    expect(save().disabled).toBe(false);
  });

  it('keeps what is typed while the catalog does not answer', async () => {
    const { user, feed } = await opened();
    await user.type(field('Title'), '!');
    const error = { name: 'x', message: 'x' } as never;
    feed.set({ state: 'unreachable', since: 0, nextTry: Date.now() + 5000, error });
    expect(await screen.findByText(/what you typed is kept/)).toBeTruthy();
    feed.set({ state: 'connected' });
    await waitFor(() => expect(screen.queryByText(/what you typed is kept/)).toBeNull());
    expect(field('Title').value).toMatch(/!$/);
  });

  it('is JSON too, and stays there while the text is wrong', async () => {
    const { user } = await opened();
    await user.click(screen.getByRole('radio', { name: 'JSON' }));
    expect(await screen.findByRole('textbox', { name: 'The metadata as JSON' })).toBeTruthy();
    await user.click(screen.getByRole('radio', { name: 'Form' }));
    expect(field('Organism').value).toBe('Homo sapiens');
  });
});
