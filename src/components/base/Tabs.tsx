/** Tabs, and the panel of the one that is on. */

import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { neighbour } from './choices';
import { classes } from './classes';

export interface ITab<V extends string = string> {
  value: V;
  label: string;
  /** How many there are in it, written already. */
  count?: string;
}

export interface ITabsProps<V extends string> {
  /** Names the tabs' elements; the panel has the same. */
  id: string;
  label: string;
  value: V;
  tabs: readonly ITab<V>[];
  onChange: (value: V) => void;
  /** What stands at the strip's end. */
  after?: ReactNode;
  className?: string;
}

export function Tabs<V extends string>(props: ITabsProps<V>) {
  const { id, label, value, tabs, onChange, after } = props;
  const strip = useRef<HTMLDivElement>(null);
  const keyed = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.value === value);
    const vertical = event.key === 'ArrowDown' || event.key === 'ArrowUp';
    const to = vertical ? null : neighbour(event, at, tabs.length);
    if (to !== null) {
      event.preventDefault();
      onChange(tabs[to].value);
      strip.current?.querySelectorAll<HTMLElement>('[role=tab]')[to]?.focus();
    }
  };
  return (
    <div className={classes('omicshelf-tabs', props.className)}>
      {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its tabs have the focus */}
      <div
        ref={strip}
        role="tablist"
        aria-label={label}
        className="omicshelf-tabs-strip"
        onKeyDown={keyed}
      >
        {tabs.map(tab => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            id={`${id}-tab-${tab.value}`}
            aria-selected={tab.value === value}
            aria-controls={tab.value === value ? `${id}-panel` : undefined}
            tabIndex={tab.value === value ? 0 : -1}
            className="omicshelf-tab"
            onClick={() => onChange(tab.value)}
          >
            {/* The bold of the chosen tab takes no other room: its width is there before. */}
            <span className="omicshelf-tab-label" data-label={tab.label}>
              {tab.label}
            </span>
            {tab.count && <span className="omicshelf-tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      {after && <div className="omicshelf-tabs-after">{after}</div>}
    </div>
  );
}

export interface ITabPanelProps {
  /** That of the tabs. */
  id: string;
  /** The tab that is on. */
  value: string;
  className?: string;
  children: ReactNode;
}

export function TabPanel({ id, value, className, children }: ITabPanelProps) {
  return (
    <div
      role="tabpanel"
      id={`${id}-panel`}
      aria-labelledby={`${id}-tab-${value}`}
      className={classes('omicshelf-tabpanel', className)}
    >
      {children}
    </div>
  );
}
