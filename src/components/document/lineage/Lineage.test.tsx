import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { DatasetRecord, LineageAnswer } from '../../../api/records';
import { recordedBody, type RecordedTransport } from '../../../testing/recorded';
import { expectAccessible, showWithCatalog } from '../../../testing/show';
import { graphOf } from './graph';
import { layOut } from './layout';
import { Lineage } from './Lineage';

const PBMC = { atlas: 'immunology', id: 'pbmc' };
const HOSTILE = '<img src=x onerror="alert(1)">\u202e';

const record = () => recordedBody<DatasetRecord>('/atlases/immunology/datasets/pbmc');

function node(id: string, over: Record<string, unknown> = {}) {
  return {
    version_id: id,
    atlas: 'immunology',
    dataset_id: 'pbmc',
    version: 'v1',
    created_at: 1,
    author: 'ada',
    notebook: null,
    missing: false,
    ...over
  };
}

/** A chain: what is gone went into v1, v1 by a notebook into v3, and that into another dataset. */
function answer(): LineageAnswer {
  const root = record().version.version_id;
  return {
    version_id: root,
    nodes: [
      node(root, { version: 'v3', notebook: 'work/analysis.ipynb' }),
      node('one'),
      node('gone', { missing: true, dataset_id: null, version: null }),
      node('other', { dataset_id: HOSTILE })
    ],
    edges: [
      { source: 'gone', target: 'one', kind: 'rollback' },
      { source: 'one', target: root, kind: 'parent' },
      { source: 'one', target: root, kind: 'session' },
      { source: root, target: 'other', kind: 'parent' }
    ]
  };
}

function room(lineage: LineageAnswer = answer(), parts = {}) {
  const now = record();
  const prepare = (transport: RecordedTransport) => {
    transport.answer('GET', /\/lineage$/, () => ({ status: 200, headers: {}, body: lineage }));
    transport.answer('GET', /\/versions\/[^/]+$/, request => ({
      status: 200,
      headers: {},
      body: { ...now.version, version_id: request.path.split('/').pop(), message: HOSTILE }
    }));
  };
  return showWithCatalog(
    <Lineage dataset={PBMC} record={now} version={now.version} />,
    parts,
    prepare
  );
}

describe('the graph', () => {
  it('is walked through by the arrow keys, with the details of each step', async () => {
    const opened: string[] = [];
    const { user } = room(answer(), { openNotebook: (path: string) => opened.push(path) });
    const root = await screen.findByRole('button', { name: 'pbmc v3' });
    expect(root.getAttribute('aria-pressed')).toBe('true');
    root.focus();
    await user.keyboard('{ArrowLeft}');
    const step = await screen.findByRole('complementary', { name: 'work/analysis.ipynb' });
    expect(document.activeElement?.getAttribute('aria-label')).toBe('work/analysis.ipynb');
    await within(step).findByText('Run');
    await user.click(within(step).getByRole('button', { name: 'Open' }));
    expect(opened).toEqual(['work/analysis.ipynb']);
    screen.getByRole('button', { name: 'work/analysis.ipynb', pressed: true }).focus();
    await user.keyboard('{ArrowLeft}{ArrowLeft}');
    expect(await screen.findByText(/nothing else is known/)).toBeTruthy();
    await user.keyboard('{Home}');
    expect(document.activeElement?.getAttribute('aria-label')).toBe('pbmc v3');
    await expectAccessible();
  });

  it('is the same as a table', async () => {
    const { user, container } = room();
    await user.click(await screen.findByRole('radio', { name: 'Table' }));
    const table = await screen.findByRole('table', { name: 'Steps' });
    const rows = within(table).getAllByRole('row').slice(1);
    expect(rows.map(row => row.textContent)).toContain('work/analysis.ipynbmadepbmc v3');
    expect(rows.length).toBe(4);
    await user.click(within(table).getAllByRole('button', { name: 'pbmc v1' })[0]);
    expect(await screen.findByRole('complementary', { name: 'pbmc v1' })).toBeTruthy();
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).not.toContain('\u202e');
    await expectAccessible();
  });

  it('says that nothing is recorded', async () => {
    const { version_id } = answer();
    room({ version_id, nodes: [node(version_id)], edges: [] });
    expect(await screen.findByText('Nothing is recorded before or after it')).toBeTruthy();
  });

  it('asks again for fewer steps', async () => {
    const { user, transport } = room();
    await user.click(await screen.findByRole('combobox', { name: 'Steps' }));
    await user.click(await screen.findByRole('option', { name: '1 step' }));
    await waitFor(() =>
      expect(transport.sent('GET', /\/lineage$/).map(one => one.query?.depth)).toEqual([20, 1])
    );
  });
});

describe('what is drawn', () => {
  it('has a notebook between, and one edge for what was both parent and read', () => {
    const root = record().version.version_id;
    const { edges } = graphOf(answer());
    const into = edges.filter(edge => edge.target === `notebook of ${root}`);
    expect(into).toEqual([{ source: 'one', target: `notebook of ${root}`, kind: 'parent' }]);
  });

  it('is what is nearest, where there is too much; laid out from left to right', () => {
    const many = Array.from({ length: 400 }, (_, i) => node(`n${i}`));
    const graph = graphOf({
      version_id: 'n200',
      nodes: many,
      edges: many.slice(1).map((_, i) => ({ source: `n${i}`, target: `n${i + 1}`, kind: 'parent' }))
    });
    expect(graph.nodes.length).toBe(120);
    expect(graph.folded).toBe(280);
    expect(graph.nodes.some(one => one.id === 'n200')).toBe(true);
    const { nodes } = layOut(graph);
    expect(nodes.get('n199')!.x).toBeLessThan(nodes.get('n200')!.x);
  });

  it('ends where versions go in a circle', () => {
    const graph = graphOf({
      version_id: 'a',
      nodes: [node('a'), node('b')],
      edges: [
        { source: 'a', target: 'b', kind: 'parent' },
        { source: 'b', target: 'a', kind: 'rollback' }
      ]
    });
    expect(layOut(graph).nodes.size).toBe(2);
  });
});
