/** Facts in a row: what it is, and below it the value. */

import type { ReactNode } from 'react';
import { count, Text } from '../../base';

export interface IFact {
  label: string;
  /** Null, undefined and empty are left out. */
  value: unknown;
  /** More, weaker. */
  hint?: ReactNode;
  title?: string;
}

export function Facts({ facts }: { facts: readonly IFact[] }) {
  const shown = facts.filter(fact => written(fact.value) !== '');
  return shown.length ? (
    <dl className="omicshelf-factlist">
      {shown.map(({ label, value, hint, title }) => (
        <div key={label} title={title}>
          <dt>{label}</dt>
          <dd>
            {isShown(value) ? value : <Text text={written(value)} wrap />}
            {hint && <span className="omicshelf-dim"> {hint}</span>}
          </dd>
        </div>
      ))}
    </dl>
  ) : null;
}

/** A fact that is more than words. */
function isShown(value: unknown): value is JSX.Element {
  return typeof value === 'object' && value !== null && 'type' in value && 'props' in value;
}

const LISTED = 8;

function written(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'number') {
    return count(value);
  }
  if (typeof value === 'boolean') {
    return String(value);
  }
  if (Array.isArray(value)) {
    const listed = value.slice(0, LISTED).map(String).join(', ');
    return value.length > LISTED ? `${listed} … (${count(value.length)})` : listed;
  }
  return value === null || value === undefined ? '' : isShown(value) ? '…' : JSON.stringify(value);
}
