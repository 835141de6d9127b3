/** Load a dataset: at once where nothing stands against it, else after asking. */

import { type ReactNode, useCallback, useRef, useState } from 'react';
import { asCatalogError, isAborted } from '../../../api/errors';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { type Anchor, useHost } from '../../base';
import type { IHost, ILoaded, ILoadPlan, ILoadWish } from '../../host';
import { LoadDialog } from './LoadDialog';

export interface ILoad {
  /**
   * Load it. Where something stands against it (the name is taken, it is large, there is no
   * kernel …), the dialog opens instead, beside the anchor where it has one. It ends when the load has, or the dialog has opened.
   */
  load: (
    ref: IDatasetRef,
    record: VersionRecord,
    wish?: ILoadWish,
    anchor?: Anchor
  ) => Promise<void>;
  /** Open the dialog: kernel, variable, how it is read. */
  choose: (ref: IDatasetRef, record: VersionRecord, anchor?: Anchor) => void;
  /** The dataset that is being loaded, as `atlas/id`; null when none is. */
  loading: string | null;
  /** To be put somewhere in the component that loads; nothing while there is nothing to ask. */
  dialog: ReactNode;
}

interface IAsked {
  dataset: IDatasetRef;
  record: VersionRecord;
  wish: ILoadWish;
  plan: ILoadPlan | null;
  anchor?: Anchor;
}

/** Loading for a component; `null` where the host has no kernels, so that no button is shown. */
export function useLoad(): ILoad | null {
  const host = useHost();
  const { kernels } = host;
  const [asked, setAsked] = useState<IAsked | null>(null);
  const [loading, setLoading] = useState<string | null>(null);
  const busy = useRef(new Set<string>());

  const load = useCallback(
    async (ref: IDatasetRef, record: VersionRecord, wish: ILoadWish = {}, anchor?: Anchor) => {
      const name = `${ref.atlas}/${ref.id}`;
      if (!kernels || busy.current.has(name)) {
        return; // a second press of the button is no second load
      }
      busy.current.add(name);
      setLoading(name);
      try {
        const wished = { how: host.settings.onLoad, ...wish };
        const plan = await kernels.plan(ref, record, wished);
        if (plan.obstacle) {
          setAsked({ dataset: ref, record, wish: wished, plan, anchor });
        } else {
          notifyLoaded(host, await kernels.load(ref, record, wished));
        }
      } catch (reason) {
        notifyFailed(host, ref, reason);
      } finally {
        busy.current.delete(name);
        setLoading(before => (before === name ? null : before));
      }
    },
    [host, kernels]
  );

  const choose = useCallback(
    (ref: IDatasetRef, record: VersionRecord, anchor?: Anchor) =>
      setAsked({ dataset: ref, record, wish: { how: host.settings.onLoad }, plan: null, anchor }),
    [host]
  );

  if (!kernels) {
    return null;
  }
  const dialog = asked && (
    <LoadDialog
      {...asked}
      onClose={() => setAsked(null)}
      onLoaded={loaded => {
        setAsked(null);
        notifyLoaded(host, loaded);
      }}
    />
  );
  return { load, choose, loading, dialog };
}

/** Say what is in the kernel now, as the kernel says it. */
export function notifyLoaded(host: IHost, loaded: ILoaded): void {
  const { t } = host;
  const place = loaded.target.title;
  host.notify(
    loaded.holds === null
      ? { kind: 'info', text: t('The code is in {place}: run its cell to load', { place }) }
      : {
          kind: 'done',
          text: `${loaded.variable}: ${loaded.holds}`,
          detail: t('Loaded in {place}', { place })
        }
  );
}

function notifyFailed(host: IHost, ref: IDatasetRef, reason: unknown): void {
  if (isAborted(reason)) {
    return;
  }
  const error = asCatalogError(reason);
  host.notify({
    kind: 'error',
    text: host.t('{id} was not loaded: {why}', { id: ref.id, why: error.title }),
    detail: error.detail
  });
}
