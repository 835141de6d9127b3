/** The list of files, under their tags. */

import { type KeyboardEvent, useCallback, useMemo, useState } from 'react';
import type { FileRecord } from '../../../api/records';
import {
  Age,
  bytes,
  count,
  Icon,
  List,
  Select,
  type Selection,
  Text,
  TextField,
  toggled,
  typeIcon,
  useWords
} from '../../base';
import { type FileOrder, type FileRow, rowKey, rowsOf } from './groups';
import { kindOf } from './kinds';
import type { ISource } from './source';
import { SourceBadge } from './SourceBadge';

interface IFileListProps {
  files: readonly FileRecord[];
  sourceOf: (file: FileRecord) => ISource | null;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** Absent for who may not. */
  onRemove?: (files: readonly FileRecord[]) => void;
}

const rowHeight = (row: FileRow) => (row.kind === 'group' ? 26 : 27);
const branch = (row: FileRow) =>
  row.kind === 'group' ? { level: 1, open: row.open } : { level: row.level };
const isFile = (row: FileRow) => row.kind === 'file';
const nameOf = (row: FileRow) => (row.kind === 'file' ? row.file.file_name : (row.tag ?? ''));

export function FileList({ files, sourceOf, selection, onSelect, onRemove }: IFileListProps) {
  const t = useWords();
  const [words, setWords] = useState('');
  const [order, setOrder] = useState<FileOrder>('tag');
  const [folded, setFolded] = useState<Selection>(new Set());
  const rows = useMemo(() => rowsOf(files, order, words, folded), [files, order, words, folded]);
  const renderRow = useCallback(
    (row: FileRow) => <Row row={row} source={row.kind === 'file' ? sourceOf(row.file) : null} />,
    [sourceOf]
  );
  const removed = (event: KeyboardEvent, row: FileRow): boolean => {
    if (event.key !== 'Delete' || !onRemove || row.kind === 'group') {
      return false;
    }
    const chosen = files.filter(file => selection.has(file.file_name));
    onRemove(selection.has(row.file.file_name) ? chosen : [row.file]);
    return true;
  };
  return (
    <>
      <div className="omicshelf-files-bar">
        <TextField
          kind="search"
          icon="search"
          size="small"
          clearable
          label={t('Find a file')}
          placeholder={t('Find a file')}
          value={words}
          onChange={setWords}
        />
        <Select<FileOrder>
          size="small"
          label={t('Order')}
          value={order}
          options={[
            { value: 'tag', label: t('By tag') },
            { value: 'newest', label: t('Newest first') },
            { value: 'name', label: t('By name') },
            { value: 'size', label: t('Largest first') }
          ]}
          onChange={setOrder}
        />
      </div>
      {rows.length === 0 && (
        <p className="omicshelf-dim omicshelf-files-hint">{t('No file has these words.')}</p>
      )}
      <List<FileRow>
        kind="treegrid"
        label={t('Attached files')}
        items={rows}
        keyOf={rowKey}
        rowHeight={rowHeight}
        renderRow={renderRow}
        branch={branch}
        onToggle={row => setFolded(before => toggled(before, rowKey(row)))}
        selection={selection}
        onSelect={onSelect}
        canSelect={isFile}
        onActivate={row => row.kind === 'file' && onSelect(new Set([row.file.file_name]))}
        onKey={removed}
        typeahead={nameOf}
      />
    </>
  );
}

function Row({ row, source }: { row: FileRow; source: ISource | null }) {
  const t = useWords();
  if (row.kind === 'group') {
    return (
      <div className="omicshelf-files-row omicshelf-files-group">
        <Icon name={row.open ? 'down' : 'right'} size="small" />
        {row.tag === null ? <b>{t('Without a tag')}</b> : <Text as="b" text={row.tag} />}
        <span className="omicshelf-dim">{count(row.n)}</span>
      </div>
    );
  }
  const { file, level } = row;
  return (
    <div className="omicshelf-files-row" style={{ paddingInlineStart: level > 1 ? 32 : 12 }}>
      <Icon name={fileIcon(file.file_name)} />
      <Text className="omicshelf-files-name" text={file.file_name} />
      <SourceBadge source={source} only={file.auto_remove ?? false} />
      <span className="omicshelf-number omicshelf-files-size">{bytes(file.size ?? 0)}</span>
      <Age className="omicshelf-number omicshelf-files-age" time={file.created_at} />
    </div>
  );
}

export function fileIcon(name: string): ReturnType<typeof typeIcon> {
  const kind = kindOf(name);
  return kind === 'image' || kind === 'html' || kind === 'table'
    ? kind
    : kind === 'text'
      ? 'file'
      : typeIcon('', name.split('.').pop());
}
