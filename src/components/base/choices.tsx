/** Choices: checkboxes, radio buttons, switches, and a row of buttons of which one is on. */

import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { classes } from './classes';
import { useField } from './Field';
import { Icon, type IconName } from './icons';
import { tip } from './Tooltip';

export interface ICheckboxProps {
  checked: boolean;
  /** Some of what it stands for is on, and some is not. */
  mixed?: boolean;
  onChange: (checked: boolean) => void;
  /** Its words; without them, `label` is its name. */
  children?: ReactNode;
  label?: string;
  disabled?: boolean;
  tabIndex?: number;
  className?: string;
}

export function Checkbox(props: ICheckboxProps) {
  const { checked, mixed = false, onChange, children, label, disabled } = props;
  const input = useRef<HTMLInputElement>(null);
  const field = useField(label);
  useEffect(() => {
    if (input.current) {
      input.current.indeterminate = mixed;
    }
  }, [mixed, checked]);
  const box = (
    <input
      ref={input}
      type="checkbox"
      className="omicshelf-check"
      {...(children ? { 'aria-describedby': field['aria-describedby'] } : field)}
      checked={checked}
      disabled={disabled}
      tabIndex={props.tabIndex}
      onChange={event => onChange(event.currentTarget.checked)}
    />
  );
  return children ? (
    <label className={classes('omicshelf-choice', props.className)}>
      {box}
      <span>{children}</span>
    </label>
  ) : (
    box
  );
}

export interface IOption<V extends string = string> {
  value: V;
  label: string;
  /** What stands after the label, weaker: an ontology's id, a count. */
  hint?: string;
  icon?: IconName;
}

export interface IRadioGroupProps<V extends string> {
  label: string;
  value: V | null;
  options: readonly (Omit<IOption<V>, 'label'> & { label: ReactNode })[];
  onChange: (value: V) => void;
  className?: string;
}

export function RadioGroup<V extends string>(props: IRadioGroupProps<V>) {
  const name = useId();
  return (
    <div
      role="radiogroup"
      aria-label={props.label}
      className={classes('omicshelf-radios', props.className)}
    >
      {props.options.map(option => (
        <label key={option.value} className="omicshelf-choice">
          <input
            type="radio"
            className="omicshelf-radio"
            name={name}
            value={option.value}
            checked={option.value === props.value}
            onChange={() => props.onChange(option.value)}
          />
          <span>
            {option.label}
            {option.hint && <span className="omicshelf-dim"> {option.hint}</span>}
          </span>
        </label>
      ))}
    </div>
  );
}

export interface ISwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
  disabled?: boolean;
}

export function Switch({ checked, onChange, children, disabled }: ISwitchProps) {
  return (
    <label className="omicshelf-choice">
      <input
        type="checkbox"
        role="switch"
        className="omicshelf-switch"
        checked={checked}
        aria-checked={checked}
        disabled={disabled}
        onChange={event => onChange(event.currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}

export interface ISegment<V extends string = string> {
  value: V;
  label: string;
  /** Shown instead of the label, which becomes its tooltip. */
  icon?: IconName;
  count?: string;
}

export interface ISegmentedProps<V extends string> {
  label: string;
  value: V;
  segments: readonly ISegment<V>[];
  onChange: (value: V) => void;
  className?: string;
}

/** A row of buttons of which one is on: Form or JSON, list or tree. */
export function Segmented<V extends string>(props: ISegmentedProps<V>) {
  const { label, value, segments, onChange } = props;
  const group = useRef<HTMLDivElement>(null);
  const keyed = (event: KeyboardEvent) => {
    const at = segments.findIndex(segment => segment.value === value);
    const to = neighbour(event, at, segments.length);
    if (to !== null) {
      event.preventDefault();
      event.stopPropagation();
      onChange(segments[to].value);
      group.current?.querySelectorAll<HTMLElement>('[role=radio]')[to]?.focus();
    }
  };
  const known = segments.some(segment => segment.value === value);
  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its buttons have the focus
    <div
      ref={group}
      role="radiogroup"
      aria-label={label}
      className={classes('omicshelf-segmented', props.className)}
      onKeyDown={keyed}
    >
      {segments.map((segment, i) => (
        <button
          key={segment.value}
          type="button"
          role="radio"
          aria-checked={segment.value === value}
          aria-label={segment.icon ? segment.label : undefined}
          tabIndex={segment.value === value || (!known && i === 0) ? 0 : -1}
          className="omicshelf-segment"
          onClick={() => onChange(segment.value)}
          {...tip(segment.icon ? segment.label : null)}
        >
          {segment.icon ? <Icon name={segment.icon} /> : segment.label}
          {segment.count && <span className="omicshelf-number"> {segment.count}</span>}
        </button>
      ))}
    </div>
  );
}

/** Where an arrow key, Home or End leads in a row of `length`; null for other keys. */
export function neighbour(event: KeyboardEvent, at: number, length: number): number | null {
  const rtl = getComputedStyle(event.currentTarget).direction === 'rtl';
  switch (event.key) {
    case 'ArrowDown':
    case rtl ? 'ArrowLeft' : 'ArrowRight':
      return (at + 1) % length;
    case 'ArrowUp':
    case rtl ? 'ArrowRight' : 'ArrowLeft':
      return (at - 1 + length) % length;
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return null;
  }
}
