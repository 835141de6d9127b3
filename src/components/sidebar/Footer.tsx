/** The bottom: whether the catalog answers, who one is there, how much is stored. */

import type { ReactNode } from 'react';

import type { AtlasRecord } from '../../api/records';
import { Dot, bytes, clockTime, exactly, useWords } from '../base';
import { useConnection, useInfo } from '../data';

export function Footer({ atlas, end }: { atlas: AtlasRecord | undefined; end?: ReactNode }) {
  const t = useWords();
  const connection = useConnection();
  const user = useInfo().data?.user;
  const lost = connection.state === 'unreachable';
  const state = lost
    ? t('Not connected since {time}', { time: clockTime(connection.since) })
    : connection.state === 'connected'
      ? t('Connected')
      : t('Connecting…');
  const stored = atlas?.size ?? 0;
  return (
    <footer className="omicshelf-sidebar-foot">
      <Dot kind={connection.state === 'connected' ? 'on' : 'off'} />
      <span
        className="omicshelf-sidebar-foot-state"
        title={user ? t('You are {user}', { user }) : undefined}
      >
        {state}
        {user && !lost && <span className="omicshelf-dim"> · {user}</span>}
      </span>
      {end ??
        (atlas && !lost && (
          <span
            className="omicshelf-number"
            title={t('{n} versions in {atlas}', {
              n: exactly(atlas.n_versions ?? 0),
              atlas: atlas.name
            })}
          >
            {t('{size} used', { size: bytes(stored) })}
          </span>
        ))}
    </footer>
  );
}
