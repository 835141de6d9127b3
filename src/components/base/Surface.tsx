/** The outermost element of everything that is shown in one place. */

import type { ReactNode } from 'react';
import type { IHost } from '../host';
import { Announcer } from './announce';
import { classes } from './classes';
import { ErrorBoundary } from './ErrorBoundary';
import { HostProvider } from './host';
import { TooltipLayer } from './Tooltip';

export interface ISurfaceProps {
  host: IHost;
  /**
   * Keys pressed in it are not the host's shortcuts. A widget needs it: a notebook in command mode
   * would delete a cell at `d d` or at `x` while a row of ours has the focus.
   */
  ownsKeys?: boolean;
  className?: string;
  children: ReactNode;
}

export function Surface({ host, ownsKeys = false, className, children }: ISurfaceProps) {
  return (
    <HostProvider host={host}>
      <div
        className={classes('omicshelf-surface', className)}
        {...(ownsKeys ? { 'data-lm-suppress-shortcuts': 'true' } : {})}
      >
        <Announcer>
          <ErrorBoundary>{children}</ErrorBoundary>
        </Announcer>
        <TooltipLayer />
      </div>
    </HostProvider>
  );
}
