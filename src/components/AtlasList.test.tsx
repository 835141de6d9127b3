import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';

import { CatalogClient } from '../api/client';
import { Unreachable } from '../api/errors';
import type { IAnswer, ITransport } from '../api/transport';
import { AtlasList } from './AtlasList';
import { translate } from './words';

afterEach(cleanup);

function clientOf(answer: () => Promise<Partial<IAnswer>>): CatalogClient {
  const transport: ITransport = {
    request: async () => ({ status: 200, headers: {}, body: undefined, ...(await answer()) }),
    address: () => null,
    dispose: () => undefined
  };
  return new CatalogClient(transport, 'page');
}

function show(answer: () => Promise<Partial<IAnswer>>): void {
  render(<AtlasList client={clientOf(answer)} t={translate()} />);
}

describe('AtlasList', () => {
  it('shows a name as text, whatever it is', async () => {
    const name = '<img src=x onerror=alert(1)>';
    show(() => Promise.resolve({ body: { atlases: [{ name: 'blood' }, { name }] } }));
    const rows = await screen.findAllByRole('listitem');
    expect(rows.map(row => row.textContent)).toEqual(['blood', name]);
    expect(document.querySelector('img')).toBeNull();
  });

  it('says that there is none', async () => {
    show(() => Promise.resolve({ body: { atlases: [] } }));
    expect(await screen.findByText(/no atlas/)).toBeTruthy();
  });

  it('says what the server says, and what to do', async () => {
    const body = { title: 'You may not read this.', detail: 'Ask its owner.', kind: 'Forbidden' };
    show(() => Promise.resolve({ status: 403, body }));
    expect((await screen.findByRole('alert')).textContent).toBe(
      'You may not read this. Ask its owner.'
    );
  });

  it('says that there was no answer', async () => {
    show(() => Promise.reject(new Unreachable('The server cannot be reached.', 'Try again.')));
    expect((await screen.findByRole('alert')).textContent).toContain('cannot be reached');
  });
});
