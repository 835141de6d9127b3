import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DatasetRecord, FileRecord, VersionRecord } from '../../../api/records';
import { recordedBody, type RecordedTransport } from '../../../testing/recorded';
import { asViewer, expectAccessible, showWithCatalog } from '../../../testing/show';
import { attachItems, formatOf } from '../../dialogs/attach/items';
import { Files } from './Files';
import { rowsOf } from './groups';
import { kindOf } from './kinds';
import { sourceOf } from './source';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const AT = '/atlases/immunology/datasets/pbmc';
const HOSTILE = '<img src=x onerror="alert(1)">\u202e.txt';

const record = () => recordedBody<DatasetRecord>(AT);
const versions = () => recordedBody<{ versions: VersionRecord[] }>(`${AT}/versions`).versions;

function file(name: string, over: Partial<FileRecord> = {}): FileRecord {
  return {
    atlas: 'immunology',
    dataset_id: 'pbmc',
    incarnation: 1,
    file_id: `id of ${name}`,
    file_name: name,
    file_format: 'txt',
    tag: null,
    size: 5,
    blob: `blob-${name.length}`,
    blake3: name,
    created_at: 1_700_000_000_000,
    derived_from: null,
    auto_remove: false,
    author: 'ada',
    state: 'current',
    ended_at: null,
    ...over
  };
}

function room(
  files: FileRecord[],
  prepare: (transport: RecordedTransport) => void = () => undefined
) {
  const now = record();
  return showWithCatalog(
    <Files dataset={PBMC} record={now} version={now.version} />,
    {},
    transport => {
      transport.answer('GET', /\/files$/, () => ({ status: 200, headers: {}, body: { files } }));
      prepare(transport);
    }
  );
}

function bytesOf(transport: RecordedTransport, text: string): void {
  transport.answer('GET', /\/content$/, () => ({
    status: 200,
    headers: {},
    body: new TextEncoder().encode(text)
  }));
}

beforeEach(() => {
  // jsdom has no addresses of bytes.
  Object.assign(URL, { createObjectURL: () => 'blob:made', revokeObjectURL: () => undefined });
});

describe('the list of files', () => {
  it('is by tag, with the version that each was made from', async () => {
    const all = versions().sort((a, b) => a.seq - b.seq);
    room([
      file('qc.html', { tag: 'report', derived_from: all[2].version_id }),
      file('old.html', { tag: 'report', derived_from: all[0].version_id }),
      file('guide.pdf'),
      file('markers.csv', { tag: 'markers', derived_from: all[2].version_id, auto_remove: true })
    ]);
    const list = await screen.findByRole('treegrid', { name: 'Attached files' });
    await waitFor(() => expect(list.textContent).toContain('v1, older'));
    const rows = within(list).getAllByRole('row');
    expect(rows.map(row => row.getAttribute('aria-level'))).toEqual([
      '1',
      '2',
      '1',
      '2',
      '2',
      '1',
      '2'
    ]);
    expect(list.textContent).toContain('v3 only');
    expect(list.textContent).toContain('not linked');
    await expectAccessible();
  });

  it('deletes by the keyboard, and undoes it with all that was said of the file', async () => {
    const gone: string[] = [];
    const attached: unknown[] = [];
    const { user, notices } = room([file('a.txt', { tag: 'note', size: 0 })], transport => {
      transport.answer('DELETE', /\/files\//, request => {
        gone.push(request.path);
        return { status: 204, headers: {}, body: null };
      });
      transport.answer('GET', /^\/blobs\/.*\/content$/, () => ({
        status: 200,
        headers: {},
        body: new Uint8Array()
      }));
      uploading(transport, attached);
    });
    const list = await screen.findByRole('treegrid', { name: 'Attached files' });
    await waitFor(() => expect(screen.getByText('choose')).toBeTruthy());
    within(list).getAllByRole('row')[1].focus();
    await user.keyboard('{Delete}');
    await waitFor(() => expect(gone).toEqual([`${AT}/files/a.txt`]));
    await waitFor(() => expect(notices.length).toBe(1));
    await notices[0].undo?.();
    expect(attached).toEqual([expect.objectContaining({ file_name: 'a.txt', tag: 'note' })]);
  });

  it('lets a viewer look, and change nothing', async () => {
    const { user } = room([file('a.txt')], transport => {
      asViewer(transport);
      bytesOf(transport, 'hello');
    });
    const list = await screen.findByRole('treegrid', { name: 'Attached files' });
    expect(screen.queryByText(/Drop files here/)).toBeNull();
    await user.click(within(list).getByText('a.txt'));
    expect(await screen.findByText('hello')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Delete/ })).toBeNull();
  });
});

describe('attaching', () => {
  it('takes 500 files at once, and says which did not arrive', async () => {
    const attached: { file_name: string }[] = [];
    const { container } = room([], transport => {
      uploading(transport, attached, name => name === 'f7.txt');
    });
    await screen.findByText('choose');
    const files = Array.from({ length: 500 }, (_, i) => new File([], `f${i}.txt`));
    fireEvent.change(container.querySelector('input[type=file]')!, { target: { files } });
    const queue = await screen.findByRole('region', { name: 'Being attached' });
    expect(within(queue).getAllByRole('row').length).toBeLessThan(60);
    await waitFor(() => expect(queue.textContent).toContain('499 of 500 attached · 1 not'), {
      timeout: 20_000
    });
    expect(new Set(attached.map(one => one.file_name)).size).toBe(499);
    expect(queue.textContent).toContain('No space is left.');
    expect(within(queue).getByRole('button', { name: 'Try f7.txt again' })).toBeTruthy();
  });

  it('says what it is told: tag, version, and that it goes with the data', async () => {
    const attached: unknown[] = [];
    const { user, container } = room([file('x.txt', { tag: 'figure' })], transport =>
      uploading(transport, attached)
    );
    await screen.findByText('choose');
    await user.type(screen.getByRole('combobox', { name: 'Tag' }), 'fig');
    await user.keyboard('{ArrowDown}{Enter}');
    await user.click(screen.getByRole('switch'));
    const files = [new File([], 'b.CSV.gz')];
    fireEvent.change(container.querySelector('input[type=file]')!, { target: { files } });
    await waitFor(() =>
      expect(attached).toEqual([
        {
          file_name: 'b.CSV.gz',
          file_format: 'csv+gzip',
          upload: 'u1',
          tag: 'figure',
          source_version: record().version.version_id,
          auto_remove: true
        }
      ])
    );
  });

  it('is dropped, and an empty folder is told', async () => {
    room([]);
    await screen.findByText('choose');
    const zone = screen.getByText(/Drop files here/);
    fireEvent.drop(zone, { dataTransfer: { types: ['Files'], items: [], files: [] } });
    expect(await screen.findByText('There is no file in it')).toBeTruthy();
  });

  it('keeps two files of one name apart', () => {
    const names = attachItems(['a.png', 'a.png', 'b'].map(name => new File([], name)));
    expect(names.map(item => item.name)).toEqual(['a.png', 'a (2).png', 'b']);
    expect(['x', 'x.tar.gz', '.hidden', 'a.weird~'].map(formatOf)).toEqual([
      'bin',
      'tar+gzip',
      'hidden',
      'bin'
    ]);
  });
});

describe('a preview', () => {
  it('of a page is in a frame of its own origin, without scripts and network', async () => {
    const { user } = room([file('r.html')], transport =>
      bytesOf(transport, '<script>parent.hacked = 1</script><p>Report')
    );
    await user.click(await screen.findByText('r.html'));
    const frame = await waitFor(() => {
      const found = document.querySelector('iframe');
      expect(found).not.toBeNull();
      return found!;
    });
    expect(frame.getAttribute('sandbox')).toBe('');
    expect(frame.getAttribute('srcdoc')).toMatch(/^<!doctype html><meta http-equiv="Content-Sec/);
    await user.click(screen.getByRole('button', { name: 'Run its scripts' }));
    const running = document.querySelector('iframe')!;
    expect(running.getAttribute('sandbox')).toBe('allow-scripts');
    expect(running.getAttribute('srcdoc')).toContain("default-src 'none'");
  });

  it('of a table has its rows, without the line that is cut', async () => {
    const lines = ['gene,score', ...Array.from({ length: 9 }, (_, i) => `G${i},${i}.5`)].join('\n');
    const { user } = room([file('m.csv', { size: 1e6 })], transport => bytesOf(transport, lines));
    await user.click(await screen.findByText('m.csv'));
    const table = await screen.findByRole('table', { name: 'm.csv' });
    expect(table.getAttribute('aria-rowcount')).toBe('9');
    expect(await screen.findByText(/^The first .* of 1.0.MB\.$/)).toBeTruthy();
  });

  it('of two that are selected shows two; of nothing in it says so', async () => {
    const { user, transport } = room([file('a.txt'), file('b.txt', { size: 0 })], shown =>
      bytesOf(shown, 'words')
    );
    const list = await screen.findByRole('treegrid', { name: 'Attached files' });
    within(list).getAllByRole('row')[1].focus();
    await user.keyboard(' {ArrowDown} ');
    expect(await screen.findByText('words')).toBeTruthy();
    expect(screen.getByText('This file is empty')).toBeTruthy();
    expect(transport.sent('GET', /b\.txt\/content$/)).toEqual([]);
    await expectAccessible();
  });

  it('keeps hostile names and bytes text', async () => {
    const { user, container } = room([file(HOSTILE, { tag: HOSTILE })], transport =>
      bytesOf(transport, '<img src=x onerror="alert(2)">\u202e')
    );
    await user.click((await screen.findAllByText(/<img src=x/))[1]);
    expect(await screen.findByText(/alert\(2\)/)).toBeTruthy();
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).not.toContain('\u202e');
  });

  it('that cannot be read says why', async () => {
    const { user } = room([file('a.txt')], transport =>
      transport.answer('GET', /\/content$/, () => ({
        status: 500,
        headers: {},
        body: { title: 'The pack p is missing.', detail: 'Restore it.', kind: 'IntegrityError' }
      }))
    );
    await user.click(await screen.findByText('a.txt'));
    expect(await screen.findByText('The pack p is missing.')).toBeTruthy();
  });
});

describe('what is said of a file', () => {
  it('is older only where the data are others', () => {
    const all = versions().sort((a, b) => a.seq - b.seq);
    const newest = { ...all[2], blake3: all[1].blake3 };
    expect(sourceOf(file('a', { derived_from: all[1].version_id }), newest, all)?.older).toBe(
      false
    );
    expect(sourceOf(file('a', { derived_from: all[0].version_id }), all[2], all)?.older).toBe(
      all[0].blake3 !== all[2].blake3
    );
    expect(sourceOf(file('a'), all[2], all)).toBeNull();
  });

  it('is found by words, in its tag too, and unfolded for that', () => {
    const files = [file('umap.png', { tag: 'figure' }), file('b.txt')];
    const rows = rowsOf(files, 'tag', 'FIG um', new Set(['tag/figure']));
    expect(rows.map(row => row.kind)).toEqual(['group', 'file']);
    expect(rowsOf(files, 'tag', '', new Set(['tag/figure'])).length).toBe(3);
  });

  it('decides how it is shown', () => {
    expect(['A.PNG', 'x.htm', 'm.tsv', 'r.md', 'd.h5ad', 'README'].map(kindOf)).toEqual([
      'image',
      'html',
      'table',
      'markdown',
      'other',
      'text'
    ]);
  });
});

/** An upload that ends at once, and keeps what is attached. */
function uploading(
  transport: RecordedTransport,
  attached: unknown[],
  refused: (name: string) => boolean = () => false
): void {
  let n = 0;
  transport.answer('POST', /^\/uploads$/, request => ({
    status: 201,
    headers: {},
    body: { ...(request.body as object), upload: `u${++n}`, parts: [], part_size: 1 << 20 }
  }));
  transport.answer('PUT', /\/files\//, request => {
    const body = request.body as { file_name: string };
    if (refused(body.file_name)) {
      return {
        status: 507,
        headers: {},
        body: { title: 'No space is left.', detail: null, kind: 'StorageError' }
      };
    }
    attached.push(body);
    return { status: 200, headers: {}, body: file(body.file_name) };
  });
}

vi.setConfig({ testTimeout: 40_000 });
