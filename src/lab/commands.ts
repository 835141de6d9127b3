/** The commands: for the palette, menus, shortcuts, and other extensions. */

import { InputDialog } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IDatasetRef } from '../api/records';
import type { DocumentTab, ILoadWish } from '../components/host';
import type { LabCatalog } from './catalog';
import { shelfIcon } from './icon';
import { Panel } from './panel';
import { parseReference } from './reference';
import { COMMANDS } from './tokens';

type Args = ReadonlyPartialJSONObject;

const TABS: readonly DocumentTab[] = ['overview', 'contents', 'versions', 'files', 'lineage'];

const DATASET = {
  type: 'object',
  properties: {
    atlas: { type: 'string', description: 'The atlas that the dataset is in' },
    id: { type: 'string', description: 'The id of the dataset' },
    version: { type: ['string', 'null'], description: 'v5, a label or an id; default: the newest' }
  }
} as const;

const NOTHING = { type: 'object', properties: {} } as const;

export function addCommands(catalog: LabCatalog): void {
  const { app, panel, shared } = catalog;
  const { t } = shared;
  const { commands } = app;
  commands.addCommand(COMMANDS.show, {
    label: t('Show datasets'),
    caption: t('Open the panel of the catalog'),
    icon: shelfIcon,
    describedBy: { args: NOTHING },
    execute: () => app.shell.activateById(Panel.ID)
  });
  commands.addCommand(COMMANDS.search, {
    label: t('Search datasets'),
    describedBy: { args: NOTHING },
    execute: async () => (await catalog.sidebar())?.focusSearch()
  });
  commands.addCommand(COMMANDS.add, {
    label: t('Add dataset…'),
    icon: shelfIcon,
    describedBy: { args: NOTHING },
    isVisible: () => catalog.rights.mayWrite,
    execute: async () => (await catalog.sidebar())?.add()
  });
  commands.addCommand(COMMANDS.refresh, {
    label: t('Refresh datasets'),
    describedBy: { args: NOTHING },
    execute: () => {
      panel.refresh();
      catalog.current?.refresh();
    }
  });
  addOpening(catalog);
  // What the palette and the menus show depends on it; nobody waits for it.
  catalog.rights.changed.connect(() => commands.notifyCommandChanged());
  void app.restored.then(() => catalog.rights.follow());
  if (catalog.kernels) {
    addLoading(catalog);
  }
}

function addOpening(catalog: LabCatalog): void {
  const { t } = catalog.shared;
  catalog.app.commands.addCommand(COMMANDS.open, {
    label: args => (args.id ? t('Open dataset') : t('Open dataset…')),
    caption: t('Open a dataset by its atlas, its id and a version'),
    icon: shelfIcon,
    describedBy: {
      args: {
        ...DATASET,
        properties: {
          ...DATASET.properties,
          tab: { type: 'string', enum: [...TABS] },
          activate: { type: 'boolean', default: true }
        }
      }
    },
    execute: async args => {
      const ref = await wanted(catalog, args, t('Open dataset'));
      return ref && catalog.show(ref, tabOf(args), args.activate !== false);
    }
  });
}

function addLoading(catalog: LabCatalog): void {
  const { t } = catalog.shared;
  const add = (id: string, label: string, title: string, wish: ILoadWish) =>
    catalog.app.commands.addCommand(id, {
      label: args => (args.id || catalog.current ? label : `${label}…`),
      icon: shelfIcon,
      describedBy: { args: DATASET },
      execute: async args => {
        const ref = await wanted(catalog, args, title, true);
        return ref && catalog.load(ref, wish);
      }
    });
  add(COMMANDS.load, t('Load dataset into kernel'), t('Load dataset'), {});
  add(COMMANDS.insert, t('Insert code that loads a dataset'), t('Insert load code'), {
    how: 'insert'
  });
}

/** Give the dataset that is meant: that of the arguments, the one shown, or what a person types. */
async function wanted(
  catalog: LabCatalog,
  args: Args,
  title: string,
  current = false
): Promise<IDatasetRef | null> {
  const { atlas, id, version } = args;
  if (typeof atlas === 'string' && typeof id === 'string') {
    return { atlas, id, ...(typeof version === 'string' ? { version } : {}) };
  }
  const shown = current ? catalog.current : null;
  if (shown) {
    return { ...shown.subject, version: shown.version };
  }
  const { t } = catalog.shared;
  const answer = await InputDialog.getText({
    title,
    label: t('Atlas, id and version, such as immunology/pbmc68k_reduced@v5:'),
    okLabel: title,
    pattern: '[^/@\\s]+/[^/@\\s]+(@[^/@\\s]+)?'
  });
  return answer.button.accept && answer.value ? parseReference(answer.value) : null;
}

function tabOf(args: Args): DocumentTab | undefined {
  return TABS.find(tab => tab === args.tab);
}
