/**
 * What is chosen in a room, for a host that shows the room alone: a widget, whose notebook reads
 * and sets it. Elsewhere a room keeps it to itself.
 */

import { createContext, useContext, useEffect, useMemo, useRef } from 'react';

import type { Selection } from '../base';

export interface IRoomChoice {
  /** The names that are to be chosen; null leaves it to the room. */
  chosen: readonly string[] | null;
  onChosen(names: readonly string[]): void;
  /** The tag that files are attached with, where nobody says another. */
  tag?: string;
}

export const RoomChoice = createContext<IRoomChoice | null>(null);

/** What can be chosen, by the key that the room has for it and the name that people see. */
export interface INamed {
  key: string;
  name: string;
}

/** Let the host know what is selected, in the order of the room, and select what it names. */
export function useRoomChoice(
  items: readonly INamed[],
  selection: Selection,
  select: (selection: Selection) => void
): void {
  const choice = useContext(RoomChoice);
  const names = useMemo(
    () => items.filter(({ key }) => selection.has(key)).map(({ name }) => name),
    [items, selection]
  );
  const latest = useRef({ choice, items, select });
  latest.current = { choice, items, select };
  // The last that one side told the other, so that it is not told back.
  const agreed = useRef<string | null>(null);
  const wanted = choice?.chosen ? JSON.stringify(choice.chosen) : null;
  const shown = JSON.stringify(names);
  useEffect(() => {
    if (wanted !== null && wanted !== agreed.current) {
      agreed.current = wanted;
      const wished = new Set(JSON.parse(wanted) as string[]);
      const keys = latest.current.items.filter(({ name }) => wished.has(name));
      latest.current.select(new Set(keys.map(({ key }) => key)));
    }
  }, [wanted]);
  const first = useRef(true);
  useEffect(() => {
    // What the host wished is not there yet when the room is drawn first.
    const isWished = first.current && wanted !== null;
    first.current = false;
    if (!isWished && shown !== agreed.current) {
      agreed.current = shown;
      latest.current.choice?.onChosen(JSON.parse(shown) as string[]);
    }
  }, [shown, wanted]);
}
