/** The search: words, terms as tokens, and what could be meant by what is typed. */

import { useId, useMemo, useRef, useState, type KeyboardEvent, type Ref } from 'react';

import { Button, Icon, type IOption, Text, classes, useWords } from '../base';
import { SuggestionList, matching, useSuggestions } from '../base/suggestions';
import { labelOf } from './facets';
import {
  type ISearch,
  NO_SEARCH,
  committed,
  isEmpty,
  nameOf,
  parseSearch,
  toggleValue,
  withValues
} from './query';
import { fieldBeingTyped, useProposedValues } from './reading';

export interface ISearchBoxProps {
  atlas: string;
  search: ISearch;
  /** Fields whose names and values are proposed. */
  fields: readonly string[];
  recent: readonly string[];
  /** What is wrong with the search, in the server's words. */
  problem: string | null;
  input: Ref<HTMLInputElement>;
  onChange: (search: ISearch) => void;
  /** It was meant so: it is remembered. */
  onDone: (search: ISearch) => void;
  /** To the list. */
  onLeave: () => void;
}

type Proposal = IOption & { apply(): ISearch };

export function SearchBox(props: ISearchBoxProps) {
  const { search, onChange, onDone, problem } = props;
  const t = useWords();
  const id = useId();
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const field = useRef<HTMLInputElement | null>(null);
  const proposals = useProposals(props);
  const apply = (index: number) => {
    const chosen = proposals[index]?.apply();
    state.setOpen(false);
    if (chosen) {
      onChange(chosen);
      if (!chosen.words) {
        onDone(chosen);
      }
      field.current?.focus();
    }
  };
  const state = useSuggestions(proposals.length, apply);
  const edit = (at: number) => {
    const term = search.terms[at];
    const terms = search.terms.filter((_, i) => i !== at);
    // The words that are there come first: what is edited is at the end, where the caret is.
    onChange({
      ...search,
      terms,
      words: [search.words.trim(), term.raw].filter(Boolean).join(' ')
    });
    field.current?.focus();
  };
  const finish = () => {
    const done = committed(search, true);
    state.setOpen(false);
    if (done !== search) {
      onChange(done);
    }
    onDone(done);
  };
  const keyed = (event: KeyboardEvent<HTMLInputElement>) => {
    const atStart =
      event.currentTarget.selectionStart === 0 && event.currentTarget.selectionEnd === 0;
    if (event.nativeEvent.isComposing) {
      return;
    }
    if (event.key === 'ArrowDown' && !state.open && !(proposals.length && !search.words)) {
      event.preventDefault();
      props.onLeave();
    } else if (state.keyed(event)) {
      return;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      finish();
    } else if (event.key === 'Backspace' && atStart && search.terms.length) {
      event.preventDefault();
      edit(search.terms.length - 1);
    } else if (event.key === 'Escape' && !isEmpty(search)) {
      event.preventDefault();
      event.stopPropagation();
      onChange(NO_SEARCH);
    }
  };
  return (
    <div className="omicshelf-search" role="search">
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- a press beside the text goes to the text */}
      <div
        ref={setBox}
        className={classes(
          'omicshelf-input omicshelf-mod-tokens',
          problem && 'omicshelf-mod-error'
        )}
        onClick={event => event.target === event.currentTarget && field.current?.focus()}
      >
        <Icon name="search" />
        <Tokens search={search} onChange={onChange} onEdit={edit} />
        <input
          ref={element => {
            field.current = element;
            assign(props.input, element);
          }}
          type="text"
          role="combobox"
          className="omicshelf-input-text"
          aria-label={t('Search datasets')}
          aria-autocomplete="list"
          aria-expanded={state.open}
          aria-controls={state.open ? `${id}-list` : undefined}
          aria-activedescendant={
            state.open && state.active >= 0 ? `${id}-list-${state.active}` : undefined
          }
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? `${id}-problem` : undefined}
          dir="auto"
          autoComplete="off"
          spellCheck={false}
          placeholder={isEmpty(search) ? t('Search id, study, metadata, key:value') : undefined}
          value={search.words}
          onChange={event => {
            const typed = { ...search, words: event.currentTarget.value };
            onChange(committed(typed, false));
            state.setActive(-1);
            state.setOpen(true);
          }}
          onClick={() => !search.words && state.setOpen(true)}
          onKeyDown={keyed}
          onBlur={() => {
            state.setOpen(false);
            if (!isEmpty(search)) {
              onDone(committed(search, true));
            }
          }}
        />
        {!isEmpty(search) && (
          <Button
            icon="close"
            size="small"
            label={t('Clear search')}
            onClick={() => {
              onChange(NO_SEARCH);
              field.current?.focus();
            }}
          />
        )}
      </div>
      {problem && (
        <div id={`${id}-problem`} className="omicshelf-search-problem" role="status">
          <Icon name="error" tone="error" size="small" />
          <Text text={problem} wrap />
        </div>
      )}
      {state.open && box && (
        <SuggestionList
          id={`${id}-list`}
          label={search.words ? t('Proposals') : t('Recent searches')}
          anchor={box}
          options={proposals}
          state={state}
          words={search.words ? [lastPiece(search.words)] : []}
          onChoose={apply}
        />
      )}
    </div>
  );
}

function assign(ref: Ref<HTMLInputElement>, element: HTMLInputElement | null): void {
  if (typeof ref === 'function') {
    ref(element);
  } else if (ref) {
    (ref as { current: HTMLInputElement | null }).current = element;
  }
}

interface ITokensProps {
  search: ISearch;
  onChange: (search: ISearch) => void;
  onEdit: (index: number) => void;
}

function Tokens({ search, onChange, onEdit }: ITokensProps) {
  const t = useWords();
  return (
    <>
      {search.terms.map((term, i) => (
        <SearchToken
          key={`${i} ${term.raw}`}
          text={term.raw}
          title={t('Edit {what}', { what: term.raw })}
          onPress={() => onEdit(i)}
          onRemove={() =>
            onChange({ ...search, terms: search.terms.filter(other => other !== term) })
          }
        />
      ))}
      {Object.entries(search.chosen).map(([field, values]) => (
        <SearchToken
          key={field}
          text={`${nameOf(field)}: ${values.join(', ')}`}
          onRemove={() => onChange(withValues(search, field, []))}
        />
      ))}
    </>
  );
}

interface ISearchTokenProps {
  text: string;
  title?: string;
  onPress?: () => void;
  onRemove: () => void;
}

function SearchToken({ text, title, onPress, onRemove }: ISearchTokenProps) {
  const t = useWords();
  return (
    <span className="omicshelf-token omicshelf-search-token">
      {onPress ? (
        <button
          type="button"
          className="omicshelf-search-token-text"
          aria-label={title}
          onClick={onPress}
        >
          <Text text={text} />
        </button>
      ) : (
        <Text text={text} />
      )}
      <button
        type="button"
        className="omicshelf-token-remove"
        aria-label={t('Remove {what}', { what: text })}
        onClick={onRemove}
      >
        <Icon name="close" size="small" />
      </button>
    </span>
  );
}

function lastPiece(words: string): string {
  return /(\S+)$/.exec(words)?.[1] ?? '';
}

const MOST_KEYS = 6;
const MOST_VALUES = 12;

/** What could be meant: recent searches, keys that begin so, values of the key that is typed. */
function useProposals({ atlas, search, fields, recent }: ISearchBoxProps): readonly Proposal[] {
  const t = useWords();
  const field = fieldBeingTyped(search.words, fields);
  const values = useProposedValues(atlas, field);
  return useMemo(() => {
    if (!search.words.trim()) {
      return isEmpty(search)
        ? recent.map(text => ({
            value: text,
            label: text,
            icon: 'clock' as const,
            apply: () => ({ ...NO_SEARCH, ...parseSearch(text) })
          }))
        : [];
    }
    const piece = lastPiece(search.words);
    const before = search.words.slice(0, search.words.length - piece.length).trim();
    if (field !== null) {
      const typed = parseSearch(piece).terms[0]?.value ?? '';
      const options = values.map(value => ({ value, label: value }));
      return matching(options, typed)
        .slice(0, MOST_VALUES)
        .map(option => ({
          ...option,
          apply: () => toggleValue({ ...search, words: before }, field, option.value)
        }));
    }
    const options = fields.map(name => ({
      value: nameOf(name),
      label: `${nameOf(name)}:`,
      hint: labelOf(t, name)
    }));
    return (piece.length < 2 ? [] : matching(options, piece))
      .filter(option => option.value.toLowerCase().startsWith(piece.toLowerCase()))
      .slice(0, MOST_KEYS)
      .map(option => ({
        ...option,
        apply: () => ({ ...search, words: [before, option.label].filter(Boolean).join(' ') })
      }));
  }, [search, field, fields, values, recent, t]);
}
