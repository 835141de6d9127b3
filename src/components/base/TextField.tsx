/** Fields for text: of one line, of several. */

import {
  forwardRef,
  useImperativeHandle,
  useRef,
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode
} from 'react';
import { Button } from './Button';
import { classes } from './classes';
import { useField, useFieldLook } from './Field';
import { FIRST } from './focus';
import { useWords } from './host';
import { Icon, type IconName } from './icons';

interface IBaseProps {
  value: string;
  onChange: (value: string) => void;
  /** Its name, where it is in no field. */
  label?: string;
  placeholder?: string;
  readOnly?: boolean;
  disabled?: boolean;
  /** It has the focus first in its dialog or popover. */
  first?: boolean;
  className?: string;
  onBlur?: (event: FocusEvent) => void;
  onFocus?: (event: FocusEvent) => void;
}

export interface ITextFieldProps extends IBaseProps {
  /** The keyboard of a phone, and what a reader says; the value stays text. */
  kind?: 'text' | 'search' | 'number';
  icon?: IconName;
  /** What stands before the text, as the tokens of a search. */
  before?: ReactNode;
  after?: ReactNode;
  /** A button that empties it; the Escape key does too. */
  clearable?: boolean;
  /** Called when it was emptied by its button or Escape; default: `onChange('')`. */
  onClear?: () => void;
  size?: 'small' | 'normal';
  code?: boolean;
  autoComplete?: string;
  onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  onEnter?: () => void;
}

export const TextField = forwardRef<HTMLInputElement, ITextFieldProps>(
  function TextField(props, ref) {
    const t = useWords();
    const { value, onChange, kind = 'text', icon, clearable, size, code } = props;
    const field = useField(props.label);
    const look = useFieldLook();
    const input = useRef<HTMLInputElement>(null);
    useImperativeHandle(ref, () => input.current as HTMLInputElement, []);

    const clearing = clearable && (value !== '' || Boolean(props.onClear && props.before));
    const clear = () => {
      (props.onClear ?? (() => onChange('')))();
      input.current?.focus();
    };
    const keyed = (event: KeyboardEvent<HTMLInputElement>) => {
      props.onKeyDown?.(event);
      if (event.defaultPrevented || event.nativeEvent.isComposing) {
        return;
      }
      if (event.key === 'Escape' && clearable && value) {
        // The dialog or panel around it is not closed by the same key.
        event.stopPropagation();
        event.preventDefault();
        clear();
      } else if (event.key === 'Enter' && props.onEnter) {
        event.preventDefault();
        props.onEnter();
      }
    };
    return (
      // A press beside the text, on the icon or a token, goes to the text.
      // eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- the input has the keys
      <div
        className={classes(
          'omicshelf-input',
          look,
          size === 'small' && 'omicshelf-mod-small',
          props.className
        )}
        onClick={event => {
          if (event.target === event.currentTarget) {
            input.current?.focus();
          }
        }}
      >
        {icon && <Icon name={icon} />}
        {props.before}
        <input
          ref={input}
          {...field}
          {...(props.first ? { [FIRST]: '' } : {})}
          className={classes('omicshelf-input-text', code && 'omicshelf-code')}
          type="text"
          role={kind === 'search' ? 'searchbox' : undefined}
          inputMode={kind === 'number' ? 'decimal' : kind === 'search' ? 'search' : undefined}
          dir="auto"
          value={value}
          placeholder={props.placeholder}
          readOnly={props.readOnly}
          disabled={props.disabled}
          autoComplete={props.autoComplete ?? 'off'}
          spellCheck={code || kind === 'search' ? false : undefined}
          onChange={event => onChange(event.currentTarget.value)}
          onKeyDown={keyed}
          onBlur={props.onBlur}
          onFocus={props.onFocus}
        />
        {clearing && !props.disabled && (
          <Button icon="close" size="small" label={t('Clear')} onClick={clear} />
        )}
        {props.after}
      </div>
    );
  }
);

export interface ITextAreaProps extends IBaseProps {
  /** As many lines it shows at least; it grows with its text up to `maxRows`. */
  rows?: number;
  maxRows?: number;
  code?: boolean;
  onKeyDown?: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
}

export const TextArea = forwardRef<HTMLTextAreaElement, ITextAreaProps>(
  function TextArea(props, ref) {
    const { value, rows = 2, maxRows = 12, code } = props;
    const field = useField(props.label);
    const look = useFieldLook();
    // Browsers without `field-sizing` get as many rows as there are line ends.
    const lines = Math.min(maxRows, Math.max(rows, value.split('\n').length));
    return (
      <textarea
        ref={ref}
        {...field}
        {...(props.first ? { [FIRST]: '' } : {})}
        className={classes(
          'omicshelf-input omicshelf-mod-area',
          look,
          code && 'omicshelf-code',
          props.className
        )}
        style={{ minHeight: `${rows * 18 + 10}px`, maxHeight: `${maxRows * 18 + 10}px` }}
        rows={lines}
        dir="auto"
        value={value}
        placeholder={props.placeholder}
        readOnly={props.readOnly}
        disabled={props.disabled}
        spellCheck={code ? false : undefined}
        onChange={event => props.onChange(event.currentTarget.value)}
        onKeyDown={props.onKeyDown}
        onBlur={props.onBlur}
        onFocus={props.onFocus}
      />
    );
  }
);
