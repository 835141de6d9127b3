/** What a person has chosen in JupyterLab's settings. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { ISettings } from '../components/host';

type Chosen = Omit<ISettings, 'changed'>;

// Those of schema/plugin.json, for as long as it has not been read.
const DEFAULTS: Chosen = {
  defaultAtlas: '',
  pageSize: 100,
  facets: [],
  onLoad: 'run',
  variableNaming: 'kind',
  pinVersion: true
};

export class LabSettings implements ISettings {
  get defaultAtlas(): string {
    return this._chosen.defaultAtlas;
  }

  get pageSize(): number {
    return this._chosen.pageSize;
  }

  get facets(): readonly string[] {
    return this._chosen.facets;
  }

  get onLoad(): ISettings['onLoad'] {
    return this._chosen.onLoad;
  }

  get variableNaming(): ISettings['variableNaming'] {
    return this._chosen.variableNaming;
  }

  get pinVersion(): boolean {
    return this._chosen.pinVersion;
  }

  changed(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /** Follow the settings of a plugin; what cannot be read leaves the defaults. */
  async follow(registry: ISettingRegistry, plugin: string): Promise<void> {
    const settings = await registry.load(plugin);
    const read = () => {
      // The schema has checked it.
      this._chosen = { ...DEFAULTS, ...(settings.composite as Partial<Chosen>) };
      this._listeners.forEach(listener => listener());
    };
    settings.changed.connect(read);
    read();
  }

  private _chosen = DEFAULTS;
  private readonly _listeners = new Set<() => void>();
}
