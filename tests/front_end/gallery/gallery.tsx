/** All primitives on one page, for looking at them: see look.py. It is not shipped. */

import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { CatalogError } from '../../../src/api/errors';
import type { IHost } from '../../../src/components/host';
import { translate } from '../../../src/components/words';
import * as base from '../../../src/components/base';
import { DRAWINGS } from '../../../src/components/base/drawings';

const {
  Age, Badge, Bar, Button, CategoryBar, Checkbox, Chip, CodeLine, Combobox, Confirm, Dialog,
  Disclosure, Dot, EmptyState, ErrorBoundary, Field, Histogram, Icon, LinkButton, List, Menu,
  MenuButton, Note, Popover, Problem, ProgressBar, RadioGroup, Segmented, Select, Sign, Skeleton,
  SplitButton, Surface, Switch, Table, Tabs, TabPanel, Text, TextArea, TextField, ThinBar,
  ToastQueue, ToastStack, Token, TokenField, Waiting
} = base;

const queue = new ToastQueue();
if (location.search.includes('toasts')) {
  queue.add({ kind: 'info', text: 'GSE101720_tmp', detail: 'Moved to Trash', undo: async () => {} });
  queue.add({ kind: 'done', text: 'adata: AnnData 700 × 765' });
  queue.add({ kind: 'error', text: 'It could not be saved', detail: 'x'.repeat(300) });
}

const host = {
  t: translate(),
  copy: (text: string) => navigator.clipboard.writeText(text),
  notify: queue.add
} as unknown as IHost;

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  'a\u202Egnp.exe \u0000\u0007\u200Bz',
  'תאי דם היקפיים 68k',
  'x'.repeat(5000)
];

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section data-part={name} style={{ padding: '8px 12px', display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 8 }}>
      <h1>{name}</h1>
      {children}
    </section>
  );
}

const line = { display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'center' } as const;

const ITEMS = [
  { label: 'Open', icon: 'cells', keys: 'Enter', onSelect() {} },
  { label: 'Load into kernel', icon: 'play', keys: 'Ctrl Enter', onSelect() {} },
  'separator',
  { label: 'Pinned', checked: true, onSelect() {} },
  { label: 'Delete', icon: 'trash', keys: 'Del', destructive: true, onSelect() {} }
] as const;

const OPTIONS = [
  { value: 'NCBITaxon:9606', label: 'Homo sapiens', hint: 'NCBITaxon:9606' },
  { value: 'NCBITaxon:10090', label: 'Mus musculus', hint: 'NCBITaxon:10090' },
  { value: 'x', label: HOSTILE[0] }
];

function Buttons() {
  return (
    <Part name="Buttons">
      <div style={line}>
        <Button look="primary" icon="play">Load into kernel</Button>
        <SplitButton look="primary" icon="play" items={ITEMS} menuLabel="Other ways to load">
          Load into kernel
        </SplitButton>
        <Button look="bordered">Export…</Button>
        <Button icon="clip">Attach file…</Button>
        <Button icon="more" label="More" />
        <Button look="destructive">Delete</Button>
        <Button look="cancel">Cancel</Button>
        <Button look="primary" busy>Saving</Button>
        <Button look="bordered" disabled>Save as v6</Button>
        <MenuButton look="bordered" caret menuLabel="Version" items={ITEMS}>v5 latest</MenuButton>
        <LinkButton onClick={() => {}}>Clear filters</LinkButton>
      </div>
      <div style={line}>
        {Object.keys(DRAWINGS).map(name => (
          <span key={name} title={name}><Icon name={name as base.IconName} /></span>
        ))}
      </div>
      <div style={line}>
        <Icon name="check" tone="good" label="done" /> <Icon name="warning" tone="warning" />
        <Icon name="error" tone="error" /> <Icon name="cross" tone="error" />
        <Icon name="running" tone="brand" /> <Icon name="shelf" size="large" />
        <Dot kind="on" /> <Dot kind="off" /> <Dot kind="running" /> <Dot kind="warning" /> <Dot kind="error" />
        <Badge>latest</Badge> <Badge filled icon="notebook">analysis.ipynb cell 17</Badge>
        <Token text="organism:human" onRemove={() => {}} />
        <Chip pressed onChange={() => {}}>Mine</Chip><Chip pressed={false} onChange={() => {}}>This week</Chip>
        <Sign kind="added" /> <Sign kind="removed" /> <Sign kind="changed" />
        <Age time={Date.now() - 7.3e6} />
      </div>
    </Part>
  );
}

function Fields() {
  const [text, setText] = useState('lnug');
  const [one, setOne] = useState<string | null>('NCBITaxon:9606');
  const [many, setMany] = useState<readonly string[]>(['mononuclear cell']);
  const [free, setFree] = useState('');
  const [on, setOn] = useState(true);
  const [radio, setRadio] = useState<'this' | 'new'>('this');
  const [segment, setSegment] = useState<'form' | 'json'>('form');
  return (
    <Part name="Fields">
      <TextField label="Search" icon="search" clearable value={text} onChange={setText} before={<Token text="organism:human" />} />
      <Field label="Title" required><TextArea value={'Fresh 68k PBMCs (donor A),\nreduced to 765 variable genes'} onChange={() => {}} /></Field>
      <Field label="Organism" required><Select value={one} options={OPTIONS} onChange={setOne} /></Field>
      <Field label="Tissue" required warning={<>Not in UBERON. Did you mean <LinkButton strong onClick={() => setText('lung')}>lung</LinkButton>?</>}>
        <TextField value={text} onChange={setText} />
      </Field>
      <Field label="Donors" error="Must be 1 or more."><TextField kind="number" value="0" onChange={() => {}} /></Field>
      <Field label="Cell type"><TokenField values={many} onChange={setMany} options={OPTIONS} /></Field>
      <Field label="Disease" hint="As in the atlas's other datasets"><Combobox value={free} onChange={setFree} options={OPTIONS} placeholder="unknown" /></Field>
      <Field label="Assay"><Select value={null} placeholder="Choose…" options={OPTIONS} onChange={() => {}} disabled /></Field>
      <div style={line}>
        <Checkbox checked={on} onChange={setOn}>blood</Checkbox>
        <Checkbox checked={false} onChange={() => {}}>bone marrow</Checkbox>
        <Checkbox checked={false} mixed onChange={() => {}}>all</Checkbox>
        <Switch checked={on} onChange={setOn}>remove when the data changes</Switch>
        <Switch checked={false} onChange={() => {}}>off</Switch>
        <Segmented label="View" value={segment} onChange={setSegment} segments={[{ value: 'form', label: 'Form' }, { value: 'json', label: 'JSON' }]} />
        <Segmented label="Order" value="tree" onChange={() => {}} segments={[{ value: 'list', label: 'List', icon: 'list' }, { value: 'tree', label: 'By study', icon: 'tree' }]} />
      </div>
      <RadioGroup label="Save to" value={radio} onChange={setRadio} options={[{ value: 'this', label: <><strong>pbmc68k_reduced</strong>, as v6</> }, { value: 'new', label: 'a new dataset' }]} />
    </Part>
  );
}

function Fails(): ReactNode {
  throw new Error('as it should');
}

function States() {
  const [open, setOpen] = useState(true);
  const error = new CatalogError('The catalog does not answer', 'catalog.example.org: no reply after 10 s.', 'Unreachable', 0);
  return (
    <Part name="States">
      <Problem error={error} onRetry={() => {}} nextTry={Date.now() + 24000} ways={<LinkButton onClick={() => {}}>Use the local catalog</LinkButton>}>
        Datasets already loaded in a kernel keep working.
      </Problem>
      <Note kind="warning">1 file is set to go when the data changes and will be removed: <strong>leiden_markers.csv</strong>.</Note>
      <Note kind="info" title="Get the data in its folder, then check again:"><CodeLine code="git lfs pull -I pbmc3k.h5ad" label="The command" /></Note>
      <CodeLine label="The code" code={'adata = Catalog("immunology").load("pbmc68k_reduced", version="v5")  # a long comment that goes on and on'} />
      <ThinBar label="Searching" value={0.38} />
      <Waiting label="Reading the columns" onCancel={() => {}}><Skeleton rows={3} /></Waiting>
      <ProgressBar label="Ingesting" value={0.65} failed={0.02} text="312 / 480" onCancel={() => {}} />
      <ProgressBar label="Uploading" value={null} />
      <div style={line}>
        <span style={{ width: 128 }}><CategoryBar categories={[{ name: 'Dendritic', n: 240, color: '#17becf' }, { name: 'CD14+ Monocyte', n: 129, color: '#8c564b' }, { name: 'CD19+ B', n: 95, color: '#e377c2' }]} /></span>
        <span style={{ width: 128 }}><CategoryBar categories={Array.from({ length: 40 }, (_, i) => ({ name: String(i), n: 100 - 2 * i }))} /></span>
        <span style={{ width: 128 }}><Histogram label="from 0 to 9" counts={[12, 30, 20, 9, 4, 2, 1, 1, 0, 1]} /></span>
        <span style={{ width: 36, display: 'flex' }}><Bar part={2} whole={4} /></span>
      </div>
      <Disclosure title="obs columns" hint="9" open={open} onToggle={setOpen} level={2}>the columns</Disclosure>
      <ErrorBoundary part="The versions"><Fails /></ErrorBoundary>
      <EmptyState picture="shelf" title="No datasets yet" actions={<><Button look="primary" icon="plus">Add a dataset</Button><Button look="bordered" icon="cells">Try with a real dataset</Button></>} footnote="pbmc68k_reduced, 700 × 765, 4.5 MB. It comes with scanpy; no network is needed.">
        Add a file you already have, or drop it here: h5ad, h5mu, loom, zarr, 10x, gct, vcf, csv, parquet and more.
      </EmptyState>
      <div style={{ display: 'grid', maxWidth: 220 }}>
        {HOSTILE.map(text => <Text key={text} text={text} words={['img']} as="div" />)}
        <Text text={HOSTILE[4].slice(0, 200)} wrap />
      </div>
    </Part>
  );
}

interface IRow { key: string; study: boolean; name: string; }

function Lists({ n }: { n: number }) {
  const [shut, setShut] = useState<ReadonlySet<string>>(new Set());
  const [selection, setSelection] = useState<base.Selection>(new Set(['d3', 'd4']));
  const [current, setCurrent] = useState<string | null>('d1');
  const items = useMemo(() => {
    const rows: IRow[] = [];
    for (let i = 0; i < n; i += 1) {
      const study = `s${Math.floor(i / 20)}`;
      if (i % 20 === 0) rows.push({ key: study, study: true, name: `PMID${28091601 + i}` });
      if (!shut.has(study)) rows.push({ key: `d${i}`, study: false, name: i % 7 === 5 ? HOSTILE[i % 5] : `pbmc68k_reduced_${i}` });
    }
    return rows;
  }, [n, shut]);
  return (
    <Part name="List">
      <div style={{ height: 300, display: 'flex', border: '1px solid var(--jp-border-color2)' }}>
        <List<IRow>
          label="Datasets" kind="treegrid" items={items}
          keyOf={useCallback((row: IRow) => row.key, [])}
          rowHeight={useCallback((row: IRow) => (row.study ? 26 : 43), [])}
          branch={row => (row.study ? { level: 1, open: !shut.has(row.key) } : { level: 2 })}
          onToggle={(row, open) => setShut(before => { const next = new Set(before); if (open) next.delete(row.key); else next.add(row.key); return next; })}
          current={current} onActivate={row => setCurrent(row.key)}
          selection={selection} onSelect={setSelection}
          renderRow={useCallback((row: IRow, state: base.IRowState) =>
            row.study ? (
              <div className="omicshelf-line" style={{ padding: '4px 12px' }}><strong>{row.name}</strong><span className="omicshelf-dim omicshelf-grow">Zheng 2017</span><span>20</span></div>
            ) : (
              <div className="omicshelf-line" style={{ padding: '4px 12px 5px 26px', alignItems: 'flex-start' }}>
                <Icon name="cells" /><div className="omicshelf-grow"><Text as="div" text={row.name} words={['pbmc']} /><div className="omicshelf-dim omicshelf-small">700 × 765 · h5ad · v5</div></div>
                {state.focused ? <Button look="bordered" size="small" icon="play">Load</Button> : <span className="omicshelf-dim omicshelf-number">2 h</span>}
              </div>
            ), [])}
        />
      </div>
    </Part>
  );
}

const COLUMNS = Array.from({ length: 60 }, (_, i) => ({ key: `c${i}`, label: i ? `column_${i}` : 'bulk_labels', width: 110, align: i ? ('end' as const) : ('start' as const), sortable: true }));

function Tables() {
  const [sort, setSort] = useState<base.ITableSort | null>({ column: 'c1', descending: true });
  const [tab, setTab] = useState<'overview' | 'contents' | 'versions'>('overview');
  const format = base.measured([0.012, 1.5, 28.41]);
  return (
    <Part name="Table">
      <Tabs id="doc" label="Dataset" value={tab} onChange={setTab} tabs={[{ value: 'overview', label: 'Overview' }, { value: 'contents', label: 'Contents' }, { value: 'versions', label: 'Versions', count: '5' }]} after={<><Dot kind="on" /> analysis.ipynb · Python 3 <LinkButton onClick={() => {}}>Change</LinkButton></>} />
      <TabPanel id="doc" value={tab}>
        <div style={{ height: 220, display: 'flex' }}>
          <Table label="obs" columns={COLUMNS} nRows={100000} sort={sort} onSort={column => setSort({ column, descending: sort?.column === column && !sort.descending })}
            index={{ label: 'obs_names', width: 160, cell: row => <Text code text={`AAGTGCACGTGC${row}-1`} /> }}
            cell={(row, _, i) => (row > 40 && row < 60 ? undefined : i ? format(((row * 7919 + i * 104729) % 3000) / 100 - 2) : <Text text={HOSTILE[row % 5]} />)} />
        </div>
      </TabPanel>
    </Part>
  );
}

function Floats({ state }: { state: string }) {
  const [button, setButton] = useState<HTMLButtonElement | null>(null);
  const [shown, setShown] = useState(state);
  const close = () => setShown('');
  return (
    <Part name="Floats">
      <div style={line}>
        <Button ref={setButton} look="bordered" onClick={() => setShown('menu')}>Menu</Button>
        <Button look="bordered" onClick={() => setShown('popover')}>Popover</Button>
        <Button look="bordered" onClick={() => setShown('dialog')}>Dialog</Button>
        <Button look="bordered" onClick={() => setShown('confirm')}>Confirm</Button>
        <Button look="bordered" onClick={() => queue.add({ kind: 'info', text: 'GSE101720_tmp', detail: 'Moved to Trash', undo: async () => {} })}>Toast</Button>
        <Button look="bordered" onClick={() => queue.add({ kind: 'error', text: 'It could not be saved: ' + HOSTILE[0] })}>Error</Button>
      </div>
      {button && shown === 'menu' && <Menu anchor={button} label="Dataset" items={ITEMS} onClose={close} />}
      {button && shown === 'popover' && (
        <Popover anchor={button} label="No notebook is open" onClose={close}>
          <div style={{ display: 'grid', gap: 8, maxWidth: 276 }}><h2>No notebook is open</h2><Button look="primary" icon="notebook">New notebook with this loaded</Button><Button look="bordered" icon="play">qc.ipynb, still running</Button></div>
        </Popover>
      )}
      {shown === 'dialog' && (
        <Dialog title="Roll back to v2?" onClose={close} note={<><Icon name="error" tone="error" /> 2 things to settle first</>} actions={<><Button look="cancel" onClick={close}>Cancel</Button><Button look="primary" type="submit" first>Roll back to v2</Button></>}>
          <p>This writes a new version, v6, with the data and metadata of v2. v3, v4 and v5 stay in the timeline; you can roll forward again.</p>
          <Note kind="warning">1 file is set to go when the data changes.</Note>
          <Field label="Message"><TextField value="Roll back to v2: keep doublets" onChange={() => {}} /></Field>
          <Field label="Organism"><Select value="NCBITaxon:9606" options={OPTIONS} onChange={() => {}} /></Field>
        </Dialog>
      )}
      {shown === 'confirm' && <Confirm title="Delete pbmc3k?" action="Delete pbmc3k" destructive onClose={close} onConfirm={() => new Promise((_, no) => setTimeout(() => no(new Error('Nobody may.')), 300))}>It goes to the trash for 30 days.</Confirm>}
    </Part>
  );
}

function Gallery() {
  const query = new URLSearchParams(location.search);
  const part = query.get('part');
  const parts = {
    buttons: <Buttons />, fields: <Fields />, states: <States />, tables: <Tables />,
    list: <Lists n={Number(query.get('n') ?? 200)} />, floats: <Floats state={query.get('state') ?? ''} />
  };
  return (
    <Surface host={host} className="gallery">
      {part ? parts[part as keyof typeof parts] : Object.entries(parts).map(([name, it]) => <div key={name}>{it}</div>)}
      <ToastStack queue={queue} />
    </Surface>
  );
}

createRoot(document.getElementById('root')!).render(<Gallery />);
