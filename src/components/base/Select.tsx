/** Choose one of a few. */

import { useId, useState, type KeyboardEvent } from 'react';
import type { IOption } from './choices';
import { classes } from './classes';
import { useField, useFieldLook } from './Field';
import { Icon, type IconName } from './icons';
import { SuggestionList, useSuggestions } from './suggestions';
import { Text } from './text';
import { useTypeahead } from './typeahead';

export interface ISelectProps<V extends string> {
  value: V | null;
  options: readonly IOption<V>[];
  onChange: (value: V) => void;
  /** Its name, where it is in no field. */
  label?: string;
  /** What it shows while nothing is chosen. */
  placeholder?: string;
  icon?: IconName;
  size?: 'small' | 'normal';
  disabled?: boolean;
  className?: string;
}

export function Select<V extends string>(props: ISelectProps<V>) {
  const { value, options, onChange, size, disabled } = props;
  const [button, setButton] = useState<HTMLButtonElement | null>(null);
  const id = useId();
  const field = useField(props.label);
  const look = useFieldLook();
  const at = options.findIndex(option => option.value === value);
  const chosen = options[at];
  const choose = (index: number) => {
    state.setOpen(false);
    const option = options[index];
    if (option && option.value !== value) {
      onChange(option.value);
    }
  };
  const state = useSuggestions(options.length, choose, { first: at });
  const typeahead = useTypeahead(() => options.map(option => option.label));

  const open = () => {
    state.setActive(at);
    state.setOpen(true);
  };
  const keyed = (event: KeyboardEvent) => {
    if (state.keyed(event)) {
      return;
    }
    const to = { Home: 0, End: options.length - 1 }[event.key] ?? typeahead(event, state.active);
    if (event.key === ' ' && to === null) {
      event.preventDefault();
      if (state.open) {
        choose(state.active);
      } else {
        open();
      }
    } else if (to !== null) {
      event.preventDefault();
      state.setOpen(true);
      state.setActive(to);
    } else if (event.key === 'Tab') {
      state.setOpen(false);
    }
  };
  const icon = chosen?.icon ?? props.icon;
  return (
    <>
      <button
        ref={setButton}
        type="button"
        role="combobox"
        {...named(field, id)}
        aria-haspopup="listbox"
        aria-expanded={state.open}
        aria-controls={state.open ? `${id}-list` : undefined}
        aria-activedescendant={
          state.open && state.active >= 0 ? `${id}-list-${state.active}` : undefined
        }
        disabled={disabled}
        className={classes(
          'omicshelf-select',
          look,
          size === 'small' && 'omicshelf-mod-small',
          props.className
        )}
        onClick={() => (state.open ? state.setOpen(false) : open())}
        onKeyDown={keyed}
      >
        {icon && <Icon name={icon} />}
        <span id={`${id}-value`} className="omicshelf-select-value">
          {chosen ? (
            <Text text={chosen.label} />
          ) : (
            <span className="omicshelf-select-placeholder">{props.placeholder ?? value ?? ''}</span>
          )}
        </span>
        {chosen?.hint && <span className="omicshelf-select-hint">{chosen.hint}</span>}
        <Icon name="down" size="small" />
      </button>
      {state.open && button && (
        <SuggestionList
          id={`${id}-list`}
          label={props.label ?? ''}
          anchor={button}
          options={options}
          state={state}
          selected={value === null ? [] : [value]}
          onChoose={choose}
        />
      )}
    </>
  );
}

/** A combobox that is a button shows its value as its content: the name is the label alone. */
function named(field: ReturnType<typeof useField>, id: string) {
  const { 'aria-labelledby': labelledBy, ...rest } = field;
  return labelledBy ? { ...rest, 'aria-labelledby': `${labelledBy} ${id}-value` } : rest;
}
