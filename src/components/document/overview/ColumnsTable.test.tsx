import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { DatasetRecord, Element, Summary } from '../../../api/records';
import { recordedBody } from '../../../testing/recorded';
import { showWithCatalog } from '../../../testing/show';
import { ColumnsTable } from './ColumnsTable';

const PBMC = '/atlases/immunology/datasets/pbmc';
const { version_id: id } = recordedBody<DatasetRecord>(PBMC).version;
const { elements = {} } = recordedBody<Summary>(`${PBMC}/versions/${id}/summary`);
const NONE: ReadonlySet<string> = new Set();

function piecesOf(name: string, element: Element): { title: string; color: string }[] {
  showWithCatalog(
    <ColumnsTable title="obs columns" columns={[{ name, element }]} table="obs" isNew={NONE} />
  );
  const row = within(screen.getByRole('row', { name: new RegExp(name) }));
  const pieces = row.getByRole('img').querySelectorAll<HTMLElement>('i[title]');
  return [...pieces].map(({ title, style }) => ({ title, color: style.background }));
}

it('colours categories as the file does, whose names are numbers and as frequent too', () => {
  const element = elements['obs/louvain'];
  const colors = element.colors ?? {};
  expect(element.categories?.['0']).toBe(element.categories?.['1']);
  const pieces = piecesOf('louvain', element);
  expect(pieces.length).toBe(Object.keys(colors).length);
  for (const { title, color } of pieces) {
    const probe = document.createElement('i');
    probe.style.background = colors[title.split(':')[0]];
    expect(color).toBe(probe.style.background);
  }
  const counts = pieces.map(({ title }) => Number(title.split(': ')[1].split(' ')[0]));
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
});

it('takes no colour from what every object has', () => {
  const element = { ...elements['obs/louvain'], categories: { constructor: 2 }, colors: {} };
  expect(piecesOf('odd', element)[0].color).toContain('color-mix');
});
