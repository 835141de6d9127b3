import { screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Button, LinkButton } from './Button';
import { MenuButton, SplitButton } from './Menu';
import { expectAccessible, show } from './testing';

describe('Button', () => {
  it('is pressed by pointer, Enter and Space', async () => {
    const pressed = vi.fn();
    const { user } = show(<Button onClick={pressed}>Load</Button>);
    await user.click(screen.getByRole('button', { name: 'Load' }));
    await user.keyboard('{Enter} ');
    expect(pressed).toHaveBeenCalledTimes(3);
  });

  it('that is busy keeps the focus and is not pressed again, nor sends its form', async () => {
    const pressed = vi.fn();
    const sent = vi.fn((event: React.FormEvent) => event.preventDefault());
    const { user } = show(
      <form onSubmit={sent}>
        <Button type="submit" busy onClick={pressed}>
          Save
        </Button>
      </form>
    );
    const button = screen.getByRole('button', { name: 'Save' });
    await user.click(button);
    expect(document.activeElement).toBe(button);
    expect(button.getAttribute('aria-busy')).toBe('true');
    expect(pressed).not.toHaveBeenCalled();
    expect(sent).not.toHaveBeenCalled();
  });

  it('of an icon alone has a name and a tooltip for the keyboard too', async () => {
    const { user } = show(<Button icon="refresh" label="Refresh" keys="Ctrl R" />);
    await user.tab();
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Refresh' }));
    expect((await screen.findByRole('tooltip')).textContent).toBe('Refresh (Ctrl R)');
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('tooltip')).toBeNull();
    await expectAccessible();
  });
});

describe('a menu', () => {
  const items = (done: (what: string) => void) =>
    [
      { label: 'Open', icon: 'cells', keys: 'Enter', onSelect: () => done('open') },
      false,
      'separator',
      'separator',
      { label: 'Pinned', checked: true, onSelect: () => done('pin') },
      { label: 'Delete', destructive: true, onSelect: () => done('delete') },
      'separator'
    ] as const;

  it('opens with the first entry focused, moves by arrows and letters, and chooses', async () => {
    const done = vi.fn();
    const { user } = show(
      <MenuButton menuLabel="Dataset" icon="more" label="More" items={items(done)} />
    );
    await user.tab();
    await user.keyboard('{Enter}');
    expect(screen.getByRole('menu', { name: 'Dataset' })).toBeTruthy();
    expect(document.activeElement?.textContent).toBe('OpenEnter');
    await expectAccessible();
    await user.keyboard('{ArrowUp}');
    expect(document.activeElement?.textContent).toBe('Delete');
    await user.keyboard('p');
    expect(document.activeElement).toBe(
      screen.getByRole('menuitemcheckbox', { name: 'Pinned', checked: true })
    );
    await user.keyboard('{Home}{End}{Enter}');
    expect(done.mock.calls).toEqual([['delete']]);
    expect(screen.queryByRole('menu')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'More' }));
  });

  it('leaves out what is absent, and lone separators', async () => {
    const { user } = show(<MenuButton menuLabel="Dataset" label="More" items={items(vi.fn())} />);
    await user.click(screen.getByRole('button', { name: 'More' }));
    expect(screen.getAllByRole('separator')).toHaveLength(1);
  });

  it('closes by Escape, by its button, and by a press elsewhere', async () => {
    const { user } = show(
      <>
        <MenuButton menuLabel="Dataset" label="More" items={items(vi.fn())} />
        <LinkButton onClick={() => undefined}>elsewhere</LinkButton>
      </>
    );
    const button = screen.getByRole('button', { name: 'More' });
    for (const close of [
      () => user.keyboard('{Escape}'),
      () => user.click(button),
      () => user.click(screen.getByText('elsewhere'))
    ]) {
      await user.click(button);
      expect(screen.getByRole('menu')).toBeTruthy();
      await close();
      expect(screen.queryByRole('menu')).toBeNull();
    }
  });

  it('of a split button is beside the button', async () => {
    const pressed = vi.fn();
    const done = vi.fn();
    const { user } = show(
      <SplitButton look="primary" menuLabel="Other ways" items={items(done)} onClick={pressed}>
        Load
      </SplitButton>
    );
    await user.click(screen.getByRole('button', { name: 'Load' }));
    await user.click(screen.getByRole('button', { name: 'Other ways' }));
    await user.click(screen.getByRole('menuitem', { name: /Open/ }));
    expect(pressed).toHaveBeenCalledTimes(1);
    expect(done.mock.calls).toEqual([['open']]);
    await expectAccessible();
  });
});
