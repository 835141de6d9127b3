/** A field of a form: its label, what is to be known about it, and what is wrong with it. */

import { createContext, useContext, useId, type ReactNode } from 'react';
import { classes } from './classes';
import { useWords } from './host';
import { Icon } from './icons';

/** What a control takes from the field that it is in. */
export interface IFieldState {
  id: string;
  labelId: string;
  describedBy?: string;
  invalid: boolean;
  warned: boolean;
  required: boolean;
}

const FieldContext = createContext<IFieldState | null>(null);

/** The attributes of the control of a field; `label` is the name of one that is in none. */
export function useField(label?: string) {
  const field = useContext(FieldContext);
  return {
    id: field?.id,
    'aria-label': label,
    'aria-labelledby': label ? undefined : field?.labelId,
    'aria-describedby': field?.describedBy,
    'aria-invalid': field?.invalid || undefined,
    'aria-required': field?.required || undefined
  };
}

/** How a control in a field looks: `omicshelf-mod-error`, `omicshelf-mod-warning`. */
export function useFieldLook(): string | null {
  const field = useContext(FieldContext);
  return field?.invalid ? 'omicshelf-mod-error' : field?.warned ? 'omicshelf-mod-warning' : null;
}

export interface IFieldProps {
  label: ReactNode;
  children: ReactNode;
  required?: boolean;
  hint?: ReactNode;
  /** It does not stop the form from being sent. */
  warning?: ReactNode;
  /** It does. */
  error?: ReactNode;
  /** The label is above the control instead of beside it. */
  stacked?: boolean;
  /** Several controls that belong together: radio buttons, checkboxes. */
  group?: boolean;
  className?: string;
}

export function Field(props: IFieldProps) {
  const { label, children, required = false, hint, warning, error, stacked, group } = props;
  const id = useId();
  const labelId = `${id}-label`;
  const messageId = `${id}-message`;
  const hintId = `${id}-hint`;
  const message = error ?? warning;
  const describedBy = [message && messageId, hint && hintId].filter(Boolean).join(' ') || undefined;
  const state = {
    id,
    labelId,
    describedBy,
    invalid: Boolean(error),
    warned: Boolean(warning),
    required
  };
  return (
    <FieldContext.Provider value={group ? null : state}>
      <div
        className={classes('omicshelf-field', stacked && 'omicshelf-mod-stacked', props.className)}
        {...(group
          ? { role: 'group', 'aria-labelledby': labelId, 'aria-describedby': describedBy }
          : {})}
      >
        <Label id={labelId} htmlFor={group ? undefined : id} required={required}>
          {label}
        </Label>
        <div className="omicshelf-field-main">
          <div className="omicshelf-field-control">{children}</div>
          <div className="omicshelf-field-message" id={messageId} role="status">
            {message && (
              <>
                <Icon name={error ? 'error' : 'warning'} tone={error ? 'error' : 'warning'} />
                <span>{message}</span>
              </>
            )}
          </div>
          {hint && (
            <div className="omicshelf-field-hint" id={hintId}>
              {hint}
            </div>
          )}
        </div>
      </div>
    </FieldContext.Provider>
  );
}

interface ILabelProps {
  id: string;
  htmlFor?: string;
  required: boolean;
  children: ReactNode;
}

function Label({ id, htmlFor, required, children }: ILabelProps) {
  const t = useWords();
  const words = (
    <>
      {children}
      {required && (
        <span className="omicshelf-field-required" title={t('Required')} aria-hidden="true">
          {' *'}
        </span>
      )}
    </>
  );
  return htmlFor ? (
    <label id={id} htmlFor={htmlFor} className="omicshelf-field-label">
      {words}
    </label>
  ) : (
    <span id={id} className="omicshelf-field-label">
      {words}
    </span>
  );
}
