import { screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { Combobox, TokenField } from './Combobox';
import { Field } from './Field';
import { Select } from './Select';
import { matching } from './suggestions';
import { expectAccessible, show } from './testing';

const ORGANISMS = [
  { value: 'NCBITaxon:9606', label: 'Homo sapiens', hint: 'human' },
  { value: 'NCBITaxon:10090', label: 'Mus musculus', hint: 'mouse' },
  { value: 'NCBITaxon:10116', label: 'Rattus norvegicus', hint: 'rat' }
];

const marked = () => {
  const id = document.activeElement?.getAttribute('aria-activedescendant');
  return id ? document.getElementById(id)?.textContent : null;
};

describe('Select', () => {
  function Organism({ changed }: { changed: (value: string) => void }) {
    const [value, setValue] = useState<string | null>(null);
    return (
      <Field label="Organism">
        <Select
          value={value}
          placeholder="Choose one"
          options={ORGANISMS}
          onChange={next => {
            setValue(next);
            changed(next);
          }}
        />
      </Field>
    );
  }

  it('opens, moves and chooses by keyboard', async () => {
    const changed = vi.fn();
    const { user } = show(<Organism changed={changed} />);
    await user.tab();
    expect(document.activeElement).toBe(
      screen.getByRole('combobox', { name: 'Organism Choose one' })
    );
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(marked()).toBe('Mus musculusmouse');
    await expectAccessible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(changed).not.toHaveBeenCalled();
    await user.keyboard('{Enter}{End}{Enter}');
    expect(changed.mock.calls).toEqual([['NCBITaxon:10116']]);
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(screen.getByRole('combobox', { name: 'Organism Rattus norvegicus' })).toBeTruthy();
    await user.keyboard('h{Enter}');
    expect(changed).toHaveBeenLastCalledWith('NCBITaxon:9606');
  });

  it('chooses by pointer, and tells which one is chosen', async () => {
    const changed = vi.fn();
    const { user } = show(<Organism changed={changed} />);
    await user.click(screen.getByRole('combobox'));
    await user.click(screen.getByRole('option', { name: /Mus/ }));
    await user.click(screen.getByRole('combobox'));
    expect(screen.getByRole('option', { selected: true }).textContent).toMatch(/^Mus/);
    expect(changed).toHaveBeenCalledTimes(1);
  });
});

describe('Combobox', () => {
  function Disease({ onQuery }: { onQuery?: (text: string) => void }) {
    const [value, setValue] = useState('');
    return (
      <>
        <Combobox
          label="Organism"
          value={value}
          onChange={setValue}
          {...{ options: ORGANISMS, onQuery }}
        />
        <output>{value}</output>
      </>
    );
  }

  it('takes what is typed, and proposes what contains it', async () => {
    const { user, container } = show(<Disease />);
    await user.type(screen.getByRole('combobox', { name: 'Organism' }), 'mus');
    expect(screen.getAllByRole('option').map(option => option.textContent)).toEqual([
      'Mus musculusmouse'
    ]);
    expect(container.querySelector('output')?.textContent).toBe('mus');
    await expectAccessible();
    await user.keyboard('{ArrowDown}{Enter}');
    expect(container.querySelector('output')?.textContent).toBe('NCBITaxon:10090');
    expect(screen.queryByRole('listbox')).toBeNull();
  });

  it('leaves the finding to the caller where it asks for it', async () => {
    const asked = vi.fn();
    const { user } = show(<Disease onQuery={asked} />);
    await user.type(screen.getByRole('combobox'), 'zz');
    expect(asked.mock.calls.flat()).toEqual(['z', 'zz']);
    expect(screen.getAllByRole('option')).toHaveLength(3);
  });

  it('shows a hundred of many, and says how many more there are', async () => {
    const genes = Array.from({ length: 30_000 }, (_, i) => ({ value: `G${i}`, label: `G${i}` }));
    const { user } = show(
      <Combobox label="Gene" value="" onChange={() => undefined} options={genes} />
    );
    await user.click(screen.getByRole('combobox'));
    expect(screen.getAllByRole('option')).toHaveLength(100);
    expect(screen.getByText('29900 more: type to narrow them down')).toBeTruthy();
  });

  it('finds by all words, in any order, in label, value and hint', () => {
    expect(matching(ORGANISMS, 'sapiens homo').map(o => o.label)).toEqual(['Homo sapiens']);
    expect(matching(ORGANISMS, 'RAT').map(o => o.label)).toEqual(['Rattus norvegicus']);
    expect(matching(ORGANISMS, 'mouse rat')).toEqual([]);
    expect(matching(ORGANISMS, ' ')).toHaveLength(3);
  });
});

describe('TokenField', () => {
  function Types({ free = true }: { free?: boolean }) {
    const [values, setValues] = useState<readonly string[]>(['T cell']);
    return (
      <>
        <TokenField
          label="Cell types"
          values={values}
          onChange={setValues}
          options={ORGANISMS}
          free={free}
        />
        <output>{values.join('|')}</output>
      </>
    );
  }
  const values = () => document.querySelector('output')?.textContent;

  it('adds by Enter, comma and the list, and takes away by Backspace and button', async () => {
    const { user } = show(<Types />);
    const field = screen.getByRole('combobox', { name: 'Cell types' });
    await user.type(field, 'B cell{Enter}NK,');
    expect(values()).toBe('T cell|B cell|NK');
    await user.type(field, 'NK{Enter}');
    expect(values()).toBe('T cell|B cell|NK');
    await user.type(field, 'homo{ArrowDown}{Enter}');
    expect(values()).toBe('T cell|B cell|NK|NCBITaxon:9606');
    await expectAccessible();
    await user.type(field, '{Backspace}{Backspace}');
    expect(values()).toBe('T cell|B cell');
    await user.click(screen.getByRole('button', { name: 'Remove T cell' }));
    expect(values()).toBe('B cell');
    await user.type(field, 'left over');
    await user.tab({ shift: true });
    expect(values()).toBe('B cell|left over');
  });

  it('takes only what is proposed where it is not free', async () => {
    const { user } = show(<Types free={false} />);
    await user.type(screen.getByRole('combobox'), 'nonsense{Enter}');
    expect(values()).toBe('T cell');
    await user.clear(screen.getByRole('combobox'));
    await user.type(screen.getByRole('combobox'), 'mouse{Enter}');
    expect(values()).toBe('T cell|NCBITaxon:10090');
  });
});
