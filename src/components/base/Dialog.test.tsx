import { screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { CatalogError } from '../../api/errors';
import { Button } from './Button';
import { Confirm, Dialog } from './Dialog';
import { Field } from './Field';
import { Popover } from './Popover';
import { expectAccessible, show } from './testing';
import { TextField } from './TextField';

function Rollback({ onSubmit }: { onSubmit: (message: string) => void }) {
  const [open, setOpen] = useState(false);
  const [message, setMessage] = useState('');
  return (
    <>
      <Button onClick={() => setOpen(true)}>Roll back…</Button>
      {open && (
        <Dialog
          title="Roll back to v2?"
          onClose={() => setOpen(false)}
          onSubmit={() => onSubmit(message)}
          actions={
            <>
              <Button look="cancel" onClick={() => setOpen(false)}>
                Cancel
              </Button>
              <Button look="primary" type="submit">
                Roll back to v2
              </Button>
            </>
          }
        >
          <Field label="Message" required>
            <TextField value={message} onChange={setMessage} />
          </Field>
        </Dialog>
      )}
    </>
  );
}

describe('Dialog', () => {
  it('takes the focus, keeps it, and gives it back', async () => {
    const sent = vi.fn();
    const { user } = show(<Rollback onSubmit={sent} />);
    const opener = screen.getByRole('button', { name: 'Roll back…' });
    await user.click(opener);
    expect(screen.getByRole('dialog', { name: 'Roll back to v2?' })).toBeTruthy();
    const field = screen.getByRole('textbox', { name: /Message/ });
    expect(document.activeElement).toBe(field);
    await expectAccessible();

    await user.tab({ shift: true });
    expect(document.activeElement?.textContent).toBe('Roll back to v2');
    await user.tab();
    expect(document.activeElement).toBe(field);

    await user.keyboard('keep doublets{Enter}');
    expect(sent.mock.calls).toEqual([['keep doublets']]);
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(opener);
  });

  it('shows what stops a confirmed action, and stays', async () => {
    const closed = vi.fn();
    const confirm = vi
      .fn<() => Promise<void>>()
      .mockRejectedValueOnce(new CatalogError('Only admins may', 'Ask ann.', 'AccessDenied', 403))
      .mockResolvedValueOnce();
    const { user } = show(
      <Confirm
        title="Delete pbmc3k?"
        action="Delete pbmc3k"
        destructive
        onConfirm={confirm}
        onClose={closed}
      >
        It goes to the trash.
      </Confirm>
    );
    // What cannot be taken back is not what Enter does.
    expect(document.activeElement?.textContent).toBe('Cancel');
    await user.click(screen.getByRole('button', { name: 'Delete pbmc3k' }));
    expect((await screen.findByText('Only admins may')).closest('[role=alert]')?.textContent).toBe(
      'Only admins mayAsk ann.'
    );
    expect(closed).not.toHaveBeenCalled();
    await user.click(screen.getByRole('button', { name: 'Delete pbmc3k' }));
    expect(closed).toHaveBeenCalledTimes(1);
  });
});

describe('Popover', () => {
  function Opened({ onRow }: { onRow: () => void }) {
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    return (
      // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- stands for a row
      <div onClick={onRow} onKeyDown={onRow}>
        <Button
          onClick={event => {
            event.stopPropagation();
            setAnchor(event.currentTarget);
          }}
        >
          Load
        </Button>
        {anchor && (
          <Popover anchor={anchor} label="No notebook is open" onClose={() => setAnchor(null)}>
            <Button>New notebook</Button>
            <Button>Console</Button>
          </Popover>
        )}
      </div>
    );
  }

  it('keeps its presses and keys from the row that it is a child of', async () => {
    const row = vi.fn();
    const { user } = show(<Opened onRow={row} />);
    await user.click(screen.getByRole('button', { name: 'Load' }));
    expect(document.activeElement?.textContent).toBe('New notebook');
    await expectAccessible();
    await user.click(screen.getByRole('button', { name: 'Console' }));
    await user.keyboard('{Enter}{Escape}');
    expect(row).not.toHaveBeenCalled();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement?.textContent).toBe('Load');
  });
});
