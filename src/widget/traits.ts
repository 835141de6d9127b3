/** The values of a widget, which Python and the browser both see and set. */

import type { AnyModel } from '@anywidget/types';
import { useCallback, useEffect, useState } from 'react';

/** What the kernel's side has; see `omicshelf.notebook.widgets`. */
export interface ITraits {
  view: 'browser' | 'picker' | 'timeline' | 'files' | 'dataset';
  atlas: string | null;
  dataset: string | null;
  version: string | null;
  query: string;
  value: string | null;
  selected: readonly string[];
  description: string;
  /** Of a widget that attaches files: what is offered as their tag. */
  tag?: string;
}

export type WidgetModel = AnyModel<ITraits>;

/** A value of the widget, anew when Python sets it; it is told to Python when it is set here. */
export function useTrait<K extends keyof ITraits>(
  model: WidgetModel,
  name: K
): [ITraits[K], (value: ITraits[K]) => void] {
  const [value, setValue] = useState(() => model.get(name));
  useEffect(() => {
    const changed = () => setValue(model.get(name));
    changed();
    model.on(`change:${name}`, changed);
    return () => model.off(`change:${name}`, changed);
  }, [model, name]);
  const set = useCallback(
    (next: ITraits[K]) => {
      if (!isSame(model.get(name), next)) {
        model.set(name, next);
        model.save_changes();
      }
    },
    [model, name]
  );
  return [value, set];
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
