/** Small marks: badges, tokens that can be taken away, dots of a state, signs of a change. */

import type { ReactNode } from 'react';
import { classes } from './classes';
import { useWords } from './host';
import { Icon, type IconName } from './icons';
import { Text } from './text';

export interface IBadgeProps {
  children: ReactNode;
  icon?: IconName;
  /** Filled, without a border. */
  filled?: boolean;
  title?: string;
  className?: string;
}

export function Badge({ children, icon, filled, title, className }: IBadgeProps) {
  return (
    <span
      className={classes('omicshelf-badge', filled && 'omicshelf-mod-filled', className)}
      title={title}
    >
      {icon && <Icon name={icon} size="small" />}
      {children}
    </span>
  );
}

export interface IChipProps {
  children: ReactNode;
  pressed: boolean;
  icon?: IconName;
  onChange: (pressed: boolean) => void;
}

/** A filter or a proposal that is on or off. */
export function Chip({ children, pressed, icon, onChange }: IChipProps) {
  return (
    <button
      type="button"
      className="omicshelf-chip"
      aria-pressed={pressed}
      onClick={() => onChange(!pressed)}
    >
      {icon && <Icon name={icon} size="small" />}
      {children}
    </button>
  );
}

export interface ITokenProps {
  text: string;
  icon?: IconName;
  /** It can be taken away. */
  onRemove?: () => void;
  /** Its button is reached by the field's own keys, and not by Tab. */
  untabbed?: boolean;
}

export function Token({ text, icon, onRemove, untabbed }: ITokenProps) {
  const t = useWords();
  return (
    <span className="omicshelf-token">
      {icon && <Icon name={icon} size="small" />}
      <Text text={text} />
      {onRemove && (
        <button
          type="button"
          className="omicshelf-token-remove"
          aria-label={t('Remove {what}', { what: text })}
          tabIndex={untabbed ? -1 : undefined}
          onClick={onRemove}
        >
          <Icon name="close" size="small" />
        </button>
      )}
    </span>
  );
}

export type DotKind = 'on' | 'off' | 'running' | 'warning' | 'error';

/** The dot of a state; it has words beside it, or a label. */
export function Dot({ kind, label }: { kind: DotKind; label?: string }) {
  return (
    <span
      className={classes('omicshelf-dot', `omicshelf-mod-${kind}`)}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    />
  );
}

export type ChangeKind = 'added' | 'removed' | 'changed';

const SIGNS: Record<ChangeKind, string> = { added: '+', removed: '\u2212', changed: '~' };

/** The sign of a change: +, − or ~ on its colour. */
export function Sign({ kind }: { kind: ChangeKind }) {
  return (
    <span className={classes('omicshelf-sign', `omicshelf-mod-${kind}`)} aria-hidden="true">
      {SIGNS[kind]}
    </span>
  );
}
