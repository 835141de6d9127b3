/** A section that folds. */

import { useId, type ReactNode } from 'react';
import { classes } from './classes';
import { Icon } from './icons';

export interface IDisclosureProps {
  title: ReactNode;
  open: boolean;
  onToggle: (open: boolean) => void;
  /** What stands after the title, weaker: a count. */
  hint?: ReactNode;
  /** What stands at the end of its line: a search field, an action. */
  after?: ReactNode;
  /** The level of its heading; none where it is no section of a page. */
  level?: 2 | 3 | 4;
  className?: string;
  children?: ReactNode;
}

/** Its children are made only while it is open. */
export function Disclosure(props: IDisclosureProps) {
  const { title, open, onToggle, hint, after, level, children } = props;
  const id = useId();
  const button = (
    <button
      type="button"
      className="omicshelf-disclosure-button"
      aria-expanded={open}
      aria-controls={open ? id : undefined}
      onClick={() => onToggle(!open)}
    >
      <Icon name={open ? 'down' : 'right'} size="small" className="omicshelf-flips" />
      <span className="omicshelf-disclosure-title">{title}</span>
      {hint && <span className="omicshelf-disclosure-hint">{hint}</span>}
    </button>
  );
  const Heading = level ? (`h${level}` as const) : 'div';
  return (
    <section className={classes('omicshelf-disclosure', props.className)}>
      <div className="omicshelf-disclosure-line">
        <Heading className="omicshelf-disclosure-heading">{button}</Heading>
        {after}
      </div>
      {open && (
        <div id={id} className="omicshelf-disclosure-content">
          {children}
        </div>
      )}
    </section>
  );
}
