/** A note in the page: what happened or is to be known, with what can be done about it. */

import type { ReactNode } from 'react';
import { classes } from './classes';
import { Icon, type IconName, type Tone } from './icons';

export type NoteKind = 'info' | 'warning' | 'error' | 'done';

export const NOTE_ICONS: Record<NoteKind, { name: IconName; tone?: Tone }> = {
  info: { name: 'info' },
  warning: { name: 'warning', tone: 'warning' },
  error: { name: 'error', tone: 'error' },
  done: { name: 'check', tone: 'good' }
};

export interface INoteProps {
  kind?: NoteKind;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  className?: string;
}

export function Note({ kind = 'info', title, children, actions, className }: INoteProps) {
  return (
    <div
      className={classes('omicshelf-note', `omicshelf-mod-${kind}`, className)}
      role={kind === 'error' ? 'alert' : undefined}
    >
      <Icon {...NOTE_ICONS[kind]} />
      <div className="omicshelf-note-words">
        {title && <div className="omicshelf-strong">{title}</div>}
        {children && <div>{children}</div>}
        {actions && <div className="omicshelf-note-actions">{actions}</div>}
      </div>
    </div>
  );
}
