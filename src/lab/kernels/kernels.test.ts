import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { VersionRecord } from '../../api/records';
import type { ISettings } from '../../components/host';
import { SaveConflict } from '../../components/host';
import { translate } from '../../components/words';
import { type IKernelOptions, LabKernels } from './kernels';
import type { IKernelTarget, Targets } from './targets';

// Cells are a notebook's, which needs a browser: see tests/e2e.
vi.mock('./cells', () => ({ hasCell: () => false, insertCode: vi.fn(), runCode: vi.fn() }));

const REF = { atlas: 'blood', id: 'pbmc' };
const RECORD = {
  ...{ atlas: 'blood', dataset_id: 'pbmc', version_id: 'id-5', seq: 5 },
  data_format: 'h5ad'
} as VersionRecord;
const TOLD = {
  variable: 'adata',
  taken: null,
  free_name: 'adata',
  memory: 1000,
  free_memory: 10_000,
  ways: ['memory', 'backed', 'lazy'],
  imported: false
};

/** What the kernel answers, by the function that is called. */
let answers: Record<string, unknown>;
let asked: string[];
let target: IKernelTarget | null;
let options: IKernelOptions;

function kernelOfPython() {
  const requestExecute = ({ user_expressions }: { user_expressions: Record<string, string> }) => {
    const code = Object.values(user_expressions)[0];
    asked.push(code);
    const name = /fromlist=\["(\w+)"\]/.exec(code)![1];
    const found = answers[name];
    const expression =
      found instanceof Error
        ? { status: 'error', ename: found.name, evalue: found.message }
        : { status: 'ok', data: { 'application/json': found } };
    const content = { status: 'ok', user_expressions: { omicshelf: expression } };
    return { done: Promise.resolve({ content }), dispose: () => undefined };
  };
  return { requestExecute, status: 'idle' };
}

function notebook(language: string, kernel: unknown = kernelOfPython()): IKernelTarget {
  const place = {
    sessionContext: { ready: Promise.resolve(), session: { kernel } },
    content: { model: { sharedModel: { cells: [] } } }
  };
  return {
    ...{ id: 'n', title: 'a.ipynb', kernel: 'K', language, status: 'idle', path: 'a.ipynb' },
    place
  } as unknown as IKernelTarget;
}

function made(settings: Partial<ISettings> = {}): LabKernels {
  const targets = {
    get current() {
      return target;
    },
    get all() {
      return target ? [target] : [];
    },
    find: () => target,
    of: () => target
  } as unknown as Targets;
  options = {
    targets,
    settings: { onLoad: 'run', pinVersion: true, variableNaming: 'kind', ...settings } as ISettings,
    t: translate(),
    openNotebook: vi.fn(() => Promise.resolve(null)),
    show: vi.fn(),
    onBusy: vi.fn(() => () => undefined)
  };
  return new LabKernels(options);
}

beforeEach(() => {
  answers = { plan: { value: TOLD } };
  asked = [];
  target = notebook('python');
});

describe('a plan', () => {
  it('is the code, the memory, and nothing against it', async () => {
    await expect(made().plan(REF, RECORD, {})).resolves.toEqual({
      variable: 'adata',
      code: 'from omicshelf import Catalog\n\nadata = Catalog("blood").load("pbmc", version="v5")',
      memory: 1000,
      freeMemory: 10_000,
      ways: ['memory', 'backed', 'lazy'],
      obstacle: null
    });
    expect(asked).toHaveLength(1); // one question, whatever it tells
    expect(asked[0]).toContain('id-5');
  });

  it('names no version where that is set, but the one that was chosen', async () => {
    const kernels = made({ pinVersion: false });
    expect((await kernels.plan(REF, RECORD, {})).code).toContain('.load("pbmc")');
    const old = { ...REF, version: 'v5' };
    expect((await kernels.plan(old, RECORD, {})).code).toContain('version="v5"');
  });

  it('stops at a name that is taken, unless it may be replaced', async () => {
    const taken = { ...TOLD, taken: 'int', free_name: 'pbmc' };
    answers.plan = { value: taken };
    const kernels = made();
    expect((await kernels.plan(REF, RECORD, { variable: 'adata' })).obstacle).toEqual({
      kind: 'exists',
      variable: 'adata',
      holds: 'int',
      free: 'pbmc'
    });
    const plan = await kernels.plan(REF, RECORD, { variable: 'adata', overwrite: true });
    expect(plan.obstacle).toBeNull();
  });

  it.each([
    [5000, {}, false],
    [5001, {}, true],
    [5001, { evenIfLarge: true }, false],
    [5001, { as: 'backed' as const }, false]
  ])('of %i bytes with 10,000 free, %j: asks %s', async (memory, wish, asks) => {
    answers.plan = { value: { ...TOLD, memory } };
    const { obstacle } = await made().plan(REF, RECORD, wish);
    expect(obstacle?.kind === 'large').toBe(asks);
  });

  it('does not ask about a size that nobody knows', async () => {
    answers.plan = { value: { ...TOLD, memory: null } };
    expect((await made().plan(REF, RECORD, {})).obstacle).toBeNull();
  });

  it('tells how to install what is missing', async () => {
    const missing = new Error("No module named 'omicshelf'");
    missing.name = 'ModuleNotFoundError';
    answers.plan = missing;
    expect((await made().plan(REF, RECORD, {})).obstacle).toEqual({
      kind: 'not-installed',
      install: '%pip install omicshelf'
    });
  });

  it('gives R its own lines, and asks it nothing', async () => {
    target = notebook('r');
    const { obstacle } = await made().plan(REF, RECORD, {});
    expect(obstacle).toMatchObject({ kind: 'language', language: 'R' });
    expect(obstacle).toHaveProperty('code', expect.stringContaining('anndataR::read_h5ad'));
    expect(asked).toEqual([]);
  });

  it('gives a language that it does not know no lines', async () => {
    target = notebook('julia');
    expect((await made().plan(REF, RECORD, {})).obstacle).toEqual({
      kind: 'language',
      language: 'Julia',
      code: null
    });
  });

  it('says that there is no kernel, or that it is dead', async () => {
    target = null;
    expect((await made().plan(REF, RECORD, {})).obstacle).toEqual({ kind: 'no-kernel' });
    expect((await made().plan(REF, RECORD, { target: 'new' })).obstacle).toBeNull();
    target = notebook('python', { status: 'dead' });
    expect((await made().plan(REF, RECORD, {})).obstacle).toEqual({ kind: 'dead' });
  });

  it('opens nothing for being asked', async () => {
    target = { ...notebook('python'), place: null };
    expect((await made().plan(REF, RECORD, { target: 'n' })).obstacle).toBeNull();
    expect(options.openNotebook).not.toHaveBeenCalled();
  });

  it('refuses what can be no name before the kernel is asked', async () => {
    await expect(made().plan(REF, RECORD, { variable: 'a b' })).rejects.toMatchObject({
      kind: 'Invalid'
    });
    expect(asked).toEqual([]);
  });
});

describe('a load', () => {
  it('is silent: a plan, then the load', async () => {
    answers.load = { value: { variable: 'adata', holds: 'AnnData 7 × 6' } };
    const loaded = await made().load(REF, RECORD, { how: 'silent' });
    expect(loaded).toMatchObject({ variable: 'adata', holds: 'AnnData 7 × 6' });
    expect(asked).toHaveLength(2);
  });

  it('does not begin where something stands against it', async () => {
    answers.plan = { value: { ...TOLD, memory: 9000 } };
    await expect(made().load(REF, RECORD, { how: 'silent' })).rejects.toMatchObject({
      kind: 'Obstructed',
      obstacle: { kind: 'large' }
    });
    expect(asked).toHaveLength(1);
  });

  it('says that a kernel is busy, and is given up', async () => {
    const waiting = kernelOfPython();
    waiting.requestExecute = () => ({
      done: new Promise(() => undefined),
      dispose: () => undefined
    });
    target = { ...notebook('python', waiting), status: 'busy' };
    const kernels = made();
    const done = vi.fn();
    vi.mocked(options.onBusy).mockImplementation((_, cancel) => {
      queueMicrotask(cancel);
      return done;
    });
    await expect(kernels.load(REF, RECORD, { how: 'silent' })).rejects.toMatchObject({
      name: 'AbortError'
    });
    expect(done).toHaveBeenCalled();
  });
});

describe('a save', () => {
  const WISH = { variable: 'adata', atlas: 'blood', id: 'pbmc', message: 'm' };

  it('gives what was made', async () => {
    answers.save = { value: { version: 'v6', changes: ['+1 obs column `x`'] } };
    await expect(made().save(WISH)).resolves.toEqual({
      version: 'v6',
      changes: ['+1 obs column `x`']
    });
  });

  it('gives both sides of a conflict', async () => {
    const conflict = { newest: RECORD, basedOn: 'v4', theirs: ['+1'], mine: ['-1'] };
    answers.save = { value: { conflict } };
    const reason: unknown = await made()
      .save(WISH)
      .catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(SaveConflict);
    expect(reason).toMatchObject(conflict);
  });

  it('needs a kernel', async () => {
    target = null;
    await expect(made().save(WISH)).rejects.toMatchObject({ kind: 'NoKernel' });
    await expect(made().variables()).resolves.toEqual([]);
  });
});
