/** Buttons. */

import { forwardRef, type MouseEvent, type ReactNode } from 'react';
import { classes } from './classes';
import { FIRST } from './focus';
import { Icon, type IconName } from './icons';
import { tip } from './Tooltip';

export type ButtonLook = 'plain' | 'bordered' | 'primary' | 'destructive' | 'cancel';

export interface IButtonProps {
  children?: ReactNode;
  icon?: IconName;
  /** What it does, in words: the name of a button that shows an icon alone, and its tooltip. */
  label?: string;
  /** One `primary` a screen; `bordered` where a button stands alone. */
  look?: ButtonLook;
  size?: 'small' | 'normal';
  /** A mark at its end that says that something opens. */
  caret?: boolean;
  /** It is at work: it keeps its focus and its width, and is not pressed twice. */
  busy?: boolean;
  disabled?: boolean;
  /** Of a button that stays pressed. */
  pressed?: boolean;
  expanded?: boolean;
  popup?: 'menu' | 'dialog' | 'listbox';
  /** The id of what it opens or unfolds. */
  controls?: string;
  /** The keys that do the same, for the tooltip: `Ctrl Enter`. */
  keys?: string;
  type?: 'button' | 'submit';
  /** It has the focus first in its dialog or popover. */
  first?: boolean;
  tabIndex?: number;
  className?: string;
  onClick?: (event: MouseEvent<HTMLButtonElement>) => void;
}

export const Button = forwardRef<HTMLButtonElement, IButtonProps>(function Button(props, ref) {
  const { children, icon, label, look = 'plain', size = 'normal', busy = false } = props;
  const words = children !== undefined && children !== null && children !== false;
  const tooltip = [label, props.keys && `(${props.keys})`].filter(Boolean).join(' ');
  return (
    <button
      ref={ref}
      type={props.type ?? 'button'}
      className={classes(
        'omicshelf-button',
        `omicshelf-mod-${look}`,
        size === 'small' && 'omicshelf-mod-small',
        !words && 'omicshelf-mod-icon',
        props.className
      )}
      disabled={props.disabled}
      aria-label={label}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-haspopup={props.popup}
      aria-controls={props.controls}
      tabIndex={props.tabIndex}
      {...(props.first ? { [FIRST]: '' } : {})}
      onClick={event => {
        if (busy) {
          event.preventDefault();
          return;
        }
        props.onClick?.(event);
      }}
      {...tip(tooltip && (!words || props.keys) ? tooltip : null)}
    >
      {icon && <Icon name={icon} />}
      {words && <span className="omicshelf-button-words">{children}</span>}
      {props.caret && <Icon name="down" size="small" />}
    </button>
  );
});

export interface ILinkButtonProps {
  children: ReactNode;
  onClick: (event: MouseEvent<HTMLButtonElement>) => void;
  strong?: boolean;
  disabled?: boolean;
  expanded?: boolean;
  label?: string;
  className?: string;
}

/** An action among words, which looks like a link. */
export const LinkButton = forwardRef<HTMLButtonElement, ILinkButtonProps>(function LinkButton(
  { children, onClick, strong = false, disabled, expanded, label, className },
  ref
) {
  return (
    <button
      ref={ref}
      type="button"
      className={classes('omicshelf-link', strong && 'omicshelf-mod-strong', className)}
      disabled={disabled}
      aria-expanded={expanded}
      aria-label={label}
      onClick={onClick}
    >
      {children}
    </button>
  );
});
