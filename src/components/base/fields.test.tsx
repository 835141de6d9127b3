import { screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { Checkbox, RadioGroup, Segmented, Switch } from './choices';
import { Field } from './Field';
import { expectAccessible, show } from './testing';
import { TextArea, TextField } from './TextField';

function Text({ clearable = false, onEnter }: { clearable?: boolean; onEnter?: () => void }) {
  const [value, setValue] = useState('lnug');
  return (
    <Field
      label="Tissue"
      required
      hint="As in UBERON"
      warning={value === 'lnug' ? 'Did you mean lung?' : null}
      error={value === '' ? 'It must not be empty.' : null}
    >
      <TextField value={value} onChange={setValue} clearable={clearable} onEnter={onEnter} />
    </Field>
  );
}

describe('a field', () => {
  it('tells its label, hint, warning and error with the control', async () => {
    const { user } = show(<Text />);
    const input = screen.getByRole('textbox', { name: 'Tissue' });
    const described = () =>
      (input.getAttribute('aria-describedby') ?? '')
        .split(' ')
        .map(id => document.getElementById(id)?.textContent);
    expect(input.getAttribute('aria-required')).toBe('true');
    expect(input.getAttribute('aria-invalid')).toBeNull();
    expect(described()).toEqual(['Did you mean lung?', 'As in UBERON']);
    await expectAccessible();

    await user.clear(input);
    expect(input.getAttribute('aria-invalid')).toBe('true');
    expect(described()).toEqual(['It must not be empty.', 'As in UBERON']);
    await user.type(input, 'lung');
    expect(described()).toEqual(['As in UBERON']);
  });

  it('is emptied by Escape, which goes no further, and by its button', async () => {
    const outside = vi.fn();
    const entered = vi.fn();
    const { user } = show(
      // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- stands for a dialog
      <div onKeyDown={event => void outside(event.key)}>
        <Text clearable onEnter={entered} />
      </div>
    );
    const input = screen.getByRole<HTMLInputElement>('textbox');
    await user.type(input, '{Enter}{Escape}');
    expect(input.value).toBe('');
    expect(entered).toHaveBeenCalledTimes(1);
    expect(outside.mock.calls.flat()).not.toContain('Escape');
    await user.keyboard('blood{Escape}');
    await user.keyboard('{Escape}');
    expect(outside.mock.calls.flat()).toContain('Escape');
    await user.type(input, 'x');
    await user.click(screen.getByRole('button', { name: 'Clear' }));
    expect(input.value).toBe('');
    expect(document.activeElement).toBe(input);
  });

  it('of several lines keeps line ends', async () => {
    const changed = vi.fn();
    const { user } = show(<TextArea label="Message" value="" onChange={changed} />);
    await user.type(screen.getByRole('textbox', { name: 'Message' }), '{Enter}');
    expect(changed.mock.calls).toEqual([['\n']]);
  });
});

describe('choices', () => {
  function All() {
    const [on, setOn] = useState(false);
    const [where, setWhere] = useState<'this' | 'new'>('this');
    const [view, setView] = useState<'form' | 'json' | 'raw'>('form');
    return (
      <>
        <Checkbox checked={on} mixed={!on} onChange={setOn}>
          blood
        </Checkbox>
        <Switch checked={on} onChange={setOn}>
          remove it
        </Switch>
        <RadioGroup
          label="Save to"
          value={where}
          onChange={setWhere}
          options={[
            { value: 'this', label: 'this one' },
            { value: 'new', label: 'a new one' }
          ]}
        />
        <Segmented
          label="View"
          value={view}
          onChange={setView}
          segments={[
            { value: 'form', label: 'Form' },
            { value: 'json', label: 'JSON', icon: 'code' },
            { value: 'raw', label: 'Raw' }
          ]}
        />
      </>
    );
  }

  it('are made by keyboard', async () => {
    const { user } = show(<All />);
    const box = screen.getByRole<HTMLInputElement>('checkbox', { name: 'blood' });
    expect(box.indeterminate).toBe(true);
    await expectAccessible();
    await user.tab();
    await user.keyboard(' ');
    expect(box.checked).toBe(true);
    expect(box.indeterminate).toBe(false);
    expect(screen.getByRole('switch', { name: 'remove it', checked: true })).toBeTruthy();
    await user.tab();
    await user.tab();
    await user.keyboard('{ArrowDown}');
    expect(screen.getByRole('radio', { name: 'a new one', checked: true })).toBeTruthy();
    await user.tab();
    await user.keyboard('{ArrowRight}');
    expect(document.activeElement).toBe(screen.getByRole('radio', { name: 'JSON', checked: true }));
    await user.keyboard('{ArrowLeft}{ArrowLeft}');
    expect(document.activeElement).toBe(screen.getByRole('radio', { name: 'Raw', checked: true }));
    await user.tab();
    expect(document.activeElement).toBe(document.body);
  });
});
