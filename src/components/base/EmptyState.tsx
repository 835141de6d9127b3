/** Nothing here yet: what to do about it. */

import type { ReactNode } from 'react';
import { classes } from './classes';

export interface IEmptyStateProps {
  title: string;
  /** What can be done, in a sentence or two. */
  children?: ReactNode;
  actions?: ReactNode;
  /** What stands below, smaller. */
  footnote?: ReactNode;
  /** The picture above: the empty shelf of the first start. */
  picture?: 'shelf';
  className?: string;
}

export function EmptyState(props: IEmptyStateProps) {
  return (
    <div className={classes('omicshelf-empty', props.className)}>
      {props.picture === 'shelf' && <Shelf />}
      <h2 className="omicshelf-empty-title">{props.title}</h2>
      {props.children && <div className="omicshelf-empty-words">{props.children}</div>}
      {props.actions && <div className="omicshelf-empty-actions">{props.actions}</div>}
      {props.footnote && <div className="omicshelf-empty-footnote">{props.footnote}</div>}
    </div>
  );
}

function Shelf() {
  return (
    <svg className="omicshelf-empty-picture" viewBox="0 0 88 72" aria-hidden="true">
      <path d="M10 6v62M78 6v62M10 36h68M10 66h68" />
      <circle cx="26" cy="27" r="8" />
      <circle cx="45" cy="29" r="6" />
      <path d="M60 35V17h8v18M22 65V46h9v19M36 65V50h7v15M52 65l7-17 6 2-6 15" />
    </svg>
  );
}
