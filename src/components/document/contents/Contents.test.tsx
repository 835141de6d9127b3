import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { CatalogClient } from '../../../api/client';
import type { DatasetRecord, IPreviewQuery, Preview, VersionRecord } from '../../../api/records';
import type { IAnswer, ITransport } from '../../../api/transport';
import { show } from '../../base/testing';
import { CatalogProvider } from '../../data';
import type { IHost } from '../../host';
import { Contents } from './Contents';

const HOSTILE = '<img src=x onerror=alert(1)>';
const version = { version_id: 'v', atlas: 'a', dataset_id: 'd', seq: 1 } as VersionRecord;
const blank = {
  format: 'csv',
  contents: null,
  embedding: null,
  table: null,
  matrix: null,
  head: null,
  names: null
};

type Answers = (query: IPreviewQuery) => Partial<Preview> | Partial<IAnswer> | Promise<never>;

/** Show contents over a transport that answers as told; give what was asked. */
function contents(answers: Answers) {
  const asked: IPreviewQuery[] = [];
  const transport: ITransport = {
    request: async ({ query, signal }) => {
      const wanted = query as IPreviewQuery;
      asked.push(wanted);
      const given = new Promise<never>((_resolve, refuse) =>
        signal?.addEventListener('abort', () => refuse(new DOMException('', 'AbortError')))
      );
      const answer = await Promise.race([answers(wanted), given]);
      return 'status' in answer
        ? ({ headers: {}, ...answer } as IAnswer)
        : { status: 200, headers: {}, body: { ...blank, kind: wanted.kind, ...answer } };
    },
    address: () => null,
    dispose: () => undefined
  };
  const host = {
    client: new CatalogClient(transport, 'page'),
    feed: { subscribe: () => () => undefined, onConnection: () => () => undefined }
  } as unknown as IHost;
  const shown = show(
    <CatalogProvider host={host}>
      <Contents
        dataset={{ atlas: 'a', id: 'd' }}
        record={{ version } as DatasetRecord}
        version={version}
      />
    </CatalogProvider>,
    host
  );
  return { ...shown, asked };
}

const column = (name: string, values: (string | number | null)[]) => ({
  name,
  type: typeof values[0] === 'number' ? 'float64' : 'string',
  values,
  n_cut: 0
});

const page = (offset: number, more: boolean) => ({
  table: 'table',
  offset,
  n_rows: null,
  n_columns: 2,
  more,
  index: null,
  index_name: null,
  columns: [column(HOSTILE, [HOSTILE, null]), column('n', [1, 2])]
});

const list = (kinds: string[]) => ({ contents: { kinds, modalities: [], tables: [], sheets: [] } });

describe('Contents', () => {
  it('asks for what is shown, page by page', async () => {
    const { user, asked } = contents(({ kind, offset = 0 }) =>
      kind === 'list'
        ? (list(['list', 'table', 'head']) as Partial<Preview>)
        : { table: page(offset, offset === 0) }
    );
    expect(await screen.findByText('1 to 2')).toBeTruthy();
    expect(screen.getAllByText(HOSTILE).length).toBe(2);
    expect(document.querySelector('img')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Rows after' }));
    expect(await screen.findByText('101 to 102')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Rows after' })).toHaveProperty('disabled', true);
    expect(asked.map(({ kind, offset }) => [kind, offset])).toEqual([
      ['list', undefined],
      ['table', 0],
      ['table', 100]
    ]);
  });

  it('tells what is wrong with the data, and what can still be done', async () => {
    contents(() => ({ problems: [`It cannot be shown: ${HOSTILE}`] }));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain(`It cannot be shown: ${HOSTILE}`);
    expect(alert.textContent).toContain('an older version may still be whole');
    expect(document.querySelector('img')).toBeNull();
  });

  it('says what the server refused, and tries again', async () => {
    let times = 0;
    const { user } = contents(() => {
      times += 1;
      return times === 1
        ? { status: 500, body: { title: 'No space left.', detail: 'Free some.', kind: 'Error' } }
        : ({ ...list(['head']), format: 'txt', problems: [] } as Partial<Preview>);
    });
    expect((await screen.findByRole('alert')).textContent).toContain('No space left.');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(times).toBeGreaterThan(1));
  });

  it('can be cancelled while it waits, and begun again', async () => {
    let ready = false;
    const { user } = contents(({ kind }) =>
      ready
        ? kind === 'list'
          ? (list(['table']) as Partial<Preview>)
          : { table: page(0, false) }
        : new Promise<never>(() => undefined)
    );
    await user.click(await screen.findByRole('button', { name: 'Cancel' }));
    expect(await screen.findByText('Not read')).toBeTruthy();
    ready = true;
    await user.click(screen.getByRole('button', { name: 'Read it' }));
    expect(await screen.findByText('1 to 2')).toBeTruthy();
  });

  it('lays out JSON, and shows other text as it is', async () => {
    contents(({ kind }) =>
      kind === 'list'
        ? ({ ...list(['list', 'head']), format: 'json' } as Partial<Preview>)
        : {
            head: {
              media_type: 'application/json',
              size: 20,
              text: `{"a":["${HOSTILE}"]}`,
              encoding: 'utf-8',
              cut: false,
              width: null,
              height: null,
              variants: null
            }
          }
    );
    const text = await screen.findByText(/"a": \[/);
    expect(text.textContent).toContain(`    "${HOSTILE}"`);
  });

  it('shows genotypes, and the fields of INFO instead', async () => {
    const records = {
      ...page(0, false),
      columns: [
        column('CHROM', ['22']),
        column('POS', [10510061]),
        column('REF', ['A']),
        column('ALT', ['T']),
        column('INFO', ['AC=1;DB']),
        column('FORMAT', ['GT']),
        column('S1', ['0/1'])
      ]
    };
    const variants = { n_contigs: 0, n_samples: 1, samples: ['S1'], fileformat: null, records };
    const { user } = contents(({ kind }) =>
      kind === 'list'
        ? ({ ...list(['list', 'head']), format: 'vcf.gz' } as Partial<Preview>)
        : ({
            head: { media_type: 'text/plain', size: 1, text: null, variants }
          } as Partial<Preview>)
    );
    const table = await screen.findByRole('table', { name: 'Records' });
    expect(within(table).getByText('0/1').parentElement?.title).toBe('one copy: 0/1');
    await user.click(screen.getByRole('radio', { name: 'INFO' }));
    expect(within(table).getByRole('columnheader', { name: 'DB' })).toBeTruthy();
  });
});
