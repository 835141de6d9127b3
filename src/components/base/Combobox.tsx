/** Fields with proposals: free text, or several values as tokens. */

import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Token } from './Badge';
import type { IOption } from './choices';
import { classes } from './classes';
import { useField, useFieldLook } from './Field';
import { useWords } from './host';
import { matching, SuggestionList, useSuggestions } from './suggestions';

interface IProposalsProps {
  /** What is proposed; filtered by what is typed, unless `onQuery` finds them elsewhere. */
  options: readonly IOption[];
  /** What was typed; the caller gives other options then. */
  onQuery?: (text: string) => void;
  /** Its name, where it is in no field. */
  label?: string;
  placeholder?: string;
  disabled?: boolean;
  className?: string;
}

export interface IComboboxProps extends IProposalsProps {
  value: string;
  onChange: (value: string) => void;
  /** One of the proposals was chosen; after `onChange` with its value. */
  onChoose?: (option: IOption) => void;
  code?: boolean;
  after?: ReactNode;
  onBlur?: () => void;
}

/** A text with proposals: what is typed counts, whether it is one of them or not. */
export function Combobox(props: IComboboxProps) {
  const { value, onChange, options, onQuery } = props;
  // Right after it is opened all are shown, though it holds one of them already.
  const [typed, setTyped] = useState(false);
  const shown = onQuery || !typed ? options : matching(options, value);
  const choose = (index: number) => {
    const option = shown[index];
    if (option) {
      onChange(option.value);
      props.onChoose?.(option);
    }
    state.setOpen(false);
  };
  const state = useSuggestions(shown.length, choose);
  return (
    <ProposalField
      {...props}
      text={value}
      shown={shown}
      state={state}
      choose={choose}
      selected={value ? [value] : []}
      words={typed ? [value] : []}
      onType={text => {
        setTyped(true);
        onChange(text);
        onQuery?.(text);
      }}
      onOpen={() => setTyped(false)}
    />
  );
}

export interface ITokenFieldProps extends IProposalsProps {
  values: readonly string[];
  onChange: (values: readonly string[]) => void;
  /** Values that are not proposed are taken too. */
  free?: boolean;
}

/** Several values: each a token, added by Enter, a comma or the list, taken away by Backspace. */
export function TokenField(props: ITokenFieldProps) {
  const t = useWords();
  const { values, onChange, options, onQuery, free = true } = props;
  const [text, setText] = useState('');
  const left = options.filter(option => !values.includes(option.value));
  const shown = onQuery ? left : matching(left, text);
  const add = (value: string) => {
    if (value && !values.includes(value)) {
      onChange([...values, value]);
    }
    setText('');
    onQuery?.('');
  };
  const choose = (index: number) => {
    if (shown[index]) {
      add(shown[index].value);
    }
  };
  const state = useSuggestions(shown.length, choose);
  const takeTyped = () => {
    if (free) {
      add(text.trim());
    } else if (shown.length && text) {
      choose(0);
    }
  };
  const keyed = (event: KeyboardEvent) => {
    if ((event.key === 'Enter' || event.key === ',') && text.trim()) {
      event.preventDefault();
      takeTyped();
    } else if (event.key === 'Backspace' && !text && values.length) {
      onChange(values.slice(0, -1));
    }
  };
  const labels = new Map(options.map(option => [option.value, option.label]));
  return (
    <ProposalField
      {...props}
      text={text}
      shown={shown}
      state={state}
      choose={choose}
      selected={values}
      words={text ? [text] : []}
      placeholder={values.length ? t('add') : props.placeholder}
      onKeyDown={keyed}
      onBlur={() => (free ? takeTyped() : setText(''))}
      onType={typed => {
        setText(typed);
        onQuery?.(typed);
      }}
      before={values.map(value => (
        <Token
          key={value}
          text={labels.get(value) ?? value}
          onRemove={() => onChange(values.filter(other => other !== value))}
        />
      ))}
    />
  );
}

interface IProposalFieldProps {
  text: string;
  shown: readonly IOption[];
  state: ReturnType<typeof useSuggestions>;
  choose: (index: number) => void;
  selected: readonly string[];
  words: readonly string[];
  label?: string;
  placeholder?: string;
  disabled?: boolean;
  code?: boolean;
  before?: ReactNode;
  after?: ReactNode;
  className?: string;
  onType: (text: string) => void;
  onOpen?: () => void;
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

function ProposalField(props: IProposalFieldProps) {
  const { text, shown, state, before } = props;
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const field = useField(props.label);
  const look = useFieldLook();
  const open = () => {
    if (!state.open) {
      props.onOpen?.();
      state.setActive(-1);
      state.setOpen(true);
    }
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || state.keyed(event)) {
      return;
    }
    if (event.key === 'Tab') {
      state.setOpen(false);
    }
    props.onKeyDown?.(event);
  };
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- a press beside the text goes to the text */}
      <div
        ref={setBox}
        className={classes('omicshelf-input omicshelf-mod-tokens', look, props.className)}
        onClick={event => event.target === event.currentTarget && input.current?.focus()}
      >
        {before}
        <input
          ref={input}
          {...field}
          type="text"
          role="combobox"
          className={classes('omicshelf-input-text', props.code && 'omicshelf-code')}
          aria-autocomplete="list"
          aria-expanded={state.open}
          aria-controls={state.open ? `${id}-list` : undefined}
          aria-activedescendant={
            state.open && state.active >= 0 ? `${id}-list-${state.active}` : undefined
          }
          dir="auto"
          autoComplete="off"
          spellCheck={false}
          value={text}
          placeholder={props.placeholder}
          disabled={props.disabled}
          onChange={event => {
            props.onType(event.currentTarget.value);
            state.setActive(-1);
            state.setOpen(true);
          }}
          onClick={open}
          onKeyDown={keyed}
          onBlur={() => {
            state.setOpen(false);
            props.onBlur?.();
          }}
        />
        {props.after}
      </div>
      {state.open && box && (
        <SuggestionList
          id={`${id}-list`}
          label={props.label ?? ''}
          anchor={box}
          options={shown}
          state={state}
          selected={props.selected}
          words={props.words}
          onChoose={props.choose}
        />
      )}
    </>
  );
}
