import { fireEvent, screen } from '@testing-library/react';
import { createRef, useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { Button } from './Button';
import { List, type IListHandle, type IListProps } from './List';
import type { Selection } from './selection';
import { expectAccessible, show } from './testing';

interface IItem {
  key: string;
  level?: number;
  open?: boolean;
}

const keyOf = (item: IItem) => item.key;
const rowHeight = () => 24;
const renderRow: IListProps<IItem>['renderRow'] = (item, { focused }) => (
  <span>
    {item.key}
    {focused && <Button size="small">Load</Button>}
  </span>
);
const plainRow: IListProps<IItem>['renderRow'] = item => <span>{item.key}</span>;

const many = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `d${i}` }));
const focused = () => document.activeElement?.getAttribute('data-index');

function Flat(props: Partial<IListProps<IItem>>) {
  const [selection, setSelection] = useState<Selection>(new Set());
  return (
    <>
      <List<IItem>
        label="Datasets"
        kind="grid"
        items={many(50)}
        {...{ keyOf, rowHeight, renderRow, selection }}
        onSelect={setSelection}
        {...props}
      />
      <output>{[...selection].join(' ')}</output>
    </>
  );
}
const selected = () => document.querySelector('output')?.textContent;

describe('a list', () => {
  it('is one stop of the Tab key, and its row’s buttons the next', async () => {
    const { user } = show(<Flat />);
    await user.tab();
    expect(focused()).toBe('0');
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(focused()).toBe('2');
    await user.tab();
    expect(document.activeElement?.textContent).toBe('Load');
    await user.keyboard('{ArrowLeft}');
    expect(focused()).toBe('2');
    await expectAccessible();
  });

  it('moves to its ends and by pages', async () => {
    const { user } = show(<Flat items={many(100_000)} />);
    await user.tab();
    await user.keyboard('{End}');
    expect(focused()).toBe('99999');
    await user.keyboard('{PageUp}');
    expect(Number(focused())).toBeLessThan(99_999);
    await user.keyboard('{Home}');
    expect(focused()).toBe('0');
    await user.keyboard('{ArrowUp}');
    expect(focused()).toBe('0');
  });

  it('draws what is seen, and the row that has the focus', async () => {
    const { user } = show(<Flat items={many(100_000)} />);
    expect(screen.getAllByRole('row').length).toBeLessThan(60);
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('100000');
    await user.tab();
    await user.keyboard('{End}');
    expect(screen.getAllByRole('row').length).toBeLessThan(60);
  });

  it('selects by Space, Shift, Ctrl and all, and lets go by Escape', async () => {
    const { user } = show(<Flat items={many(5)} canSelect={item => item.key !== 'd3'} />);
    await user.tab();
    await user.keyboard(' ');
    expect(selected()).toBe('d0');
    await user.keyboard('{Shift>}{ArrowDown}{ArrowDown}{/Shift}');
    expect(selected()).toBe('d0 d1 d2');
    await user.keyboard('{Shift>}{ArrowUp}{/Shift}');
    expect(selected()).toBe('d0 d1');
    expect(screen.getAllByRole('row', { selected: true })).toHaveLength(2);
    await user.keyboard('{Control>}a{/Control}');
    expect(selected()).toBe('d0 d1 d2 d4');
    await user.keyboard('{Escape}');
    expect(selected()).toBe('');
  });

  it('selects by presses, and opens by a plain one', async () => {
    const opened = vi.fn();
    const { user } = show(<Flat onActivate={item => void opened(item.key)} />);
    await user.click(screen.getByText('d1'));
    expect(opened.mock.calls).toEqual([['d1']]);
    await user.keyboard('{Control>}');
    await user.click(screen.getByText('d3'));
    await user.keyboard('{/Control}{Shift>}');
    await user.click(screen.getByText('d5'));
    await user.keyboard('{/Shift}');
    expect(selected()).toBe('d3 d4 d5');
    await user.click(screen.getByText('d0'));
    expect(selected()).toBe('');
    expect(opened).toHaveBeenCalledTimes(2);
    await user.keyboard('{ArrowDown}{Enter}');
    expect(opened).toHaveBeenLastCalledWith('d1');
  });

  it('gives other keys to its owner first, and the menu where it was asked for', async () => {
    const keys = vi.fn((event: React.KeyboardEvent) => event.key === 'Delete' || event.ctrlKey);
    const menu = vi.fn();
    const opened = vi.fn();
    const { user } = show(<Flat onKey={keys} onMenu={menu} onActivate={opened} />);
    await user.tab();
    await user.keyboard('{Delete}{Control>}{Enter}{/Control}');
    expect(keys.mock.results.map((result): unknown => result.value)).toContain(true);
    expect(opened).not.toHaveBeenCalled();
    const row = screen.getAllByRole('row')[2];
    fireEvent.contextMenu(row, { clientX: 30, clientY: 40 });
    expect(menu).toHaveBeenLastCalledWith({ key: 'd2' }, { x: 30, y: 40 });
    expect(focused()).toBe('2');
    fireEvent.contextMenu(row);
    expect(menu).toHaveBeenLastCalledWith({ key: 'd2' }, row);
  });

  it('keeps the focus where its row goes, and beside it when it is gone', async () => {
    const items = many(5);
    const view = show(<Flat items={items} />);
    await view.user.tab();
    await view.user.keyboard('{ArrowDown}{ArrowDown}');
    view.again(<Flat items={[{ key: 'new' }, ...items]} />);
    expect(focused()).toBe('3');
    expect(document.activeElement?.textContent).toMatch(/^d2/);
    view.again(<Flat items={[{ key: 'new' }, ...items.filter(item => item.key !== 'd2')]} />);
    expect(document.activeElement?.textContent).toMatch(/^d3/);
    view.again(<Flat items={[{ key: 'new' }]} />);
    expect(focused()).toBe('0');
  });

  it('does not take the focus that has gone elsewhere', async () => {
    const items = many(5);
    const view = show(<Flat items={items} />);
    await view.user.tab();
    (document.activeElement as HTMLElement).blur();
    view.again(<Flat items={items.slice(1)} />);
    expect(document.activeElement).toBe(document.body);
  });

  it('asks for more once its end is near, as long as there is more', () => {
    const more = vi.fn();
    const view = show(<Flat items={many(20)} total={100} onNearEnd={more} />);
    expect(more).toHaveBeenCalledTimes(1);
    view.again(<Flat items={many(40)} total={40} onNearEnd={more} />);
    expect(more).toHaveBeenCalledTimes(1);
  });

  it('goes to a row that it is told', async () => {
    const handle = createRef<IListHandle>();
    show(<Flat items={many(1000)} handle={handle} />);
    handle.current?.focus('d700');
    await vi.waitFor(() => expect(focused()).toBe('700'));
  });

  it('without controls is a listbox, which letters lead through', async () => {
    const items = ['B cell', 'Monocyte', 'Myeloid'].map(key => ({ key }));
    const { user } = show(
      <Flat
        kind="listbox"
        items={items}
        renderRow={plainRow}
        typeahead={keyOf}
        current="Monocyte"
      />
    );
    expect(screen.getAllByRole('option')[2].getAttribute('aria-posinset')).toBe('3');
    await user.tab();
    expect(focused()).toBe('1');
    await user.keyboard('m');
    expect(focused()).toBe('2');
    await user.keyboard('{Home}mo');
    expect(focused()).toBe('1');
    await expectAccessible();
  });
});

describe('a tree', () => {
  const branch = (item: IItem) => ({ level: item.level ?? 1, open: item.open });

  function Studies({ opened }: { opened: (key: string) => void }) {
    const [open, setOpen] = useState(false);
    const items: IItem[] = [
      { key: 'study', level: 1, open },
      ...(open ? [{ key: 'child', level: 2 }] : []),
      { key: 'other', level: 1, open: false }
    ];
    return (
      <Flat
        kind="treegrid"
        {...{ items, branch }}
        onToggle={(item, next) => item.key === 'study' && setOpen(next)}
        onActivate={item => opened(item.key)}
      />
    );
  }

  it('unfolds, goes in, goes out and folds by arrows', async () => {
    const opened = vi.fn();
    const { user } = show(<Studies opened={opened} />);
    await user.tab();
    await user.keyboard('{ArrowRight}');
    expect(screen.getByRole('row', { expanded: true }).textContent).toMatch(/^study/);
    await expectAccessible();
    await user.keyboard('{ArrowRight}');
    expect(document.activeElement?.textContent).toMatch(/^child/);
    expect(document.activeElement?.getAttribute('aria-level')).toBe('2');
    await user.keyboard('{Enter}{ArrowLeft}');
    expect(opened.mock.calls).toEqual([['child']]);
    expect(document.activeElement?.textContent).toMatch(/^study/);
    await user.keyboard('{ArrowLeft}');
    expect(screen.queryByText('child')).toBeNull();
    await user.keyboard('{Enter}');
    expect(screen.getByText('child')).toBeTruthy();
    await user.click(screen.getByText('study'));
    expect(screen.queryByText('child')).toBeNull();
  });
});
