import { screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Table } from './Table';
import { expectAccessible, show } from './testing';
import { Text } from './text';

const columns = Array.from({ length: 2000 }, (_, i) => ({
  key: `c${i}`,
  label: `column ${i}`,
  width: 100,
  sortable: i === 0,
  align: 'end' as const
}));

describe('a table', () => {
  it('draws the cells that are seen of a million, and says how many there are', async () => {
    const range = vi.fn();
    show(
      <Table
        label="obs"
        columns={columns}
        nRows={100_000}
        offset={500}
        total={200_000}
        index={{ label: 'obs_names', width: 120, cell: row => <Text text={`cell ${row}`} /> }}
        cell={(row, column) => (row === 1 ? undefined : `${row} ${column.key}`)}
        onRange={range}
      />
    );
    const table = screen.getByRole('table', { name: 'obs' });
    expect(table.getAttribute('aria-rowcount')).toBe('200001');
    expect(table.getAttribute('aria-colcount')).toBe('2001');
    const rows = screen.getAllByRole('row');
    expect(rows.length).toBeLessThan(60);
    expect(screen.getAllByRole('cell').length).toBeLessThan(60 * 12);
    expect(rows[1].getAttribute('aria-rowindex')).toBe('502');
    expect(within(rows[1]).getByRole('rowheader').textContent).toBe('cell 0');
    expect(within(rows[1]).getAllByRole('cell')[0].textContent).toBe('0 c0');
    expect(within(rows[2]).getAllByRole('cell')[0].textContent).toBe('');
    expect(range.mock.lastCall?.[0]).toMatchObject({ firstRow: 0, firstColumn: 0 });
    await expectAccessible();
  });

  it('is sorted by the columns that can be', async () => {
    const sorted = vi.fn();
    const { user } = show(
      <Table
        label="obs"
        columns={columns.slice(0, 2)}
        nRows={1}
        cell={() => 'x'}
        sort={{ column: 'c0', descending: true }}
        onSort={sorted}
      />
    );
    const [first, second] = screen.getAllByRole('columnheader');
    expect(first.getAttribute('aria-sort')).toBe('descending');
    expect(within(second).queryByRole('button')).toBeNull();
    await user.click(within(first).getByRole('button', { name: 'column 0' }));
    expect(sorted.mock.calls).toEqual([['c0']]);
  });
});
