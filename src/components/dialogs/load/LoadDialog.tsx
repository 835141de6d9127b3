/** Load: which kernel, which name, how it is read; and what stands against it. */

import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { type CatalogError, asCatalogError, isAborted } from '../../../api/errors';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import {
  type Anchor,
  CodeLine,
  Dialog,
  Note,
  Popover,
  ThinBar,
  useSlow,
  useWords
} from '../../base';
import type { IKernels, ILoaded, ILoadPlan, ILoadWish } from '../../host';
import { HowField, KernelField, VariableField } from './fields';
import { LoadFooter } from './LoadFooter';
import { NoNotebook } from './NoNotebook';
import { Obstacle } from './Obstacle';
import { type IPlans, isVariableName, usePlans } from './plan';
import { LargeBar, ReadField } from './ReadField';
import { isUnsaid, meant } from './SubsetFields';
import { useKernels } from './useKernels';

export interface ILoadDialogProps {
  dataset: IDatasetRef;
  record: VersionRecord;
  wish: ILoadWish;
  /** What was planned already: the reason why it is asked. */
  plan: ILoadPlan | null;
  /** What it belongs to; it is a dialog in the middle where it belongs to nothing. */
  anchor?: Anchor;
  onClose: () => void;
  onLoaded: (loaded: ILoaded) => void;
}

export function LoadDialog(props: ILoadDialogProps) {
  const { anchor, dataset, onClose } = props;
  const t = useWords();
  const kernels = useKernels();
  const form = useLoadForm(props, kernels);
  if (!kernels) {
    return null;
  }
  const body = <LoadForm {...props} kernels={kernels} form={form} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    form.submit();
  };
  return anchor ? (
    <Popover
      anchor={anchor}
      align="end"
      label={t('Load {id}', { id: dataset.id })}
      onClose={onClose}
      className="omicshelf-load"
    >
      <form onSubmit={submit} noValidate>
        {body}
      </form>
    </Popover>
  ) : (
    <Dialog
      title={t('Load {id}?', { id: dataset.id })}
      size="small"
      onClose={onClose}
      onSubmit={form.submit}
      className="omicshelf-load"
    >
      {body}
    </Dialog>
  );
}

/** What is wished, what is known of it, and what can be done. */
export interface ILoadForm extends IPlans {
  wish: ILoadWish;
  change: (part: Partial<ILoadWish>) => void;
  /** The name that it will have. */
  variable: string;
  nameIsGood: boolean;
  /** Nothing stands against the load. */
  ready: boolean;
  /** There is no kernel that it could go to. */
  nowhere: boolean;
  /** It loads, or the kernel is asked once more before it does. */
  busy: boolean;
  /** The kernel has begun: to close the dialog stops nothing. */
  begun: boolean;
  failure: CatalogError | null;
  submit: (part?: Partial<ILoadWish>) => void;
}

function useLoadForm(props: ILoadDialogProps, kernels: IKernels | undefined): ILoadForm {
  const { dataset, record, onLoaded } = props;
  const [wish, setWish] = useState<ILoadWish>(props.wish);
  const [stage, setStage] = useState<'asking' | 'loading' | null>(null);
  const giveUp = useGivingUp();
  const [failure, setFailure] = useState<CatalogError | null>(null);
  const plans = usePlans(kernels, dataset, record, meant(wish), props.plan);
  const { plan, large, waiting } = plans;

  // What is larger than the memory is never read whole by default.
  if (large && wish.as === undefined && plan) {
    const smaller = (['backed', 'lazy', 'part'] as const).find(way => plan.ways.includes(way));
    setWish({ ...wish, as: smaller ?? 'memory' });
  }
  const variable = wish.variable ?? plan?.variable ?? '';
  const nameIsGood = isVariableName(variable);
  const nowhere = plan?.obstacle?.kind === 'no-kernel' && wish.target === undefined;
  // While the kernel is asked anew, what it said before may no longer be so: see `run`.
  const free = plan !== null && (waiting || plan.obstacle === null);
  const ready = free && nameIsGood && !isUnsaid(wish);

  const run = async (wished: ILoadWish) => {
    if (!kernels) {
      return;
    }
    setStage('asking');
    setFailure(null);
    const { signal } = giveUp.current;
    try {
      // Pressed before the kernel has answered: what stands against it shows by itself.
      if (waiting && (await kernels.plan(dataset, record, { ...wished, signal })).obstacle) {
        setStage(null);
        return;
      }
      setStage('loading');
      onLoaded(await kernels.load(dataset, record, wished));
    } catch (reason) {
      setFailure(isAborted(reason) ? null : asCatalogError(reason));
      setStage(null);
    }
  };
  return {
    ...plans,
    wish,
    change: part => {
      setFailure(null);
      setWish(before => ({ ...before, ...part }));
    },
    variable,
    nameIsGood,
    ready,
    nowhere,
    busy: stage !== null,
    begun: stage === 'loading',
    failure,
    submit: part => {
      const mayLoad = part ? nameIsGood : nowhere ? nameIsGood : ready;
      if (mayLoad && stage === null) {
        void run({ ...meant(wish), ...(nowhere ? { target: 'new' } : {}), ...part });
      }
    }
  };
}

/** What waits for a kernel is given up when the dialog goes. */
function useGivingUp() {
  const control = useRef(new AbortController());
  useEffect(() => {
    if (control.current.signal.aborted) {
      control.current = new AbortController();
    }
    return () => control.current.abort();
  }, []);
  return control;
}

const ONE_LINE = 56;

/** Break a long line where Python allows it, as one would write it. */
function broken(code: string): string {
  return code
    .split('\n')
    .map(line => (line.length > ONE_LINE ? line.replace(/\.load\((?=.)/, '.load(\n    ') : line))
    .join('\n');
}

interface IFormProps extends ILoadDialogProps {
  kernels: IKernels;
  form: ILoadForm;
}

function LoadForm({ dataset, record, kernels, form, onClose }: IFormProps) {
  const t = useWords();
  const { plan, large, nowhere, busy, failure } = form;
  const slow = useSlow(form.waiting || busy);
  // A widget has one kernel, its own, and no cells that it could write.
  const hasCells = kernels.insert !== undefined;
  const stops =
    plan?.obstacle && ['not-installed', 'language', 'dead'].includes(plan.obstacle.kind);
  let middle: ReactNode = null;
  if (nowhere) {
    middle = <NoNotebook kernels={kernels} form={form} />;
  } else if (stops && plan.obstacle) {
    middle = <Obstacle obstacle={plan.obstacle} form={form} kernels={kernels} />;
  }
  return (
    <div className="omicshelf-load-form" aria-busy={form.waiting || busy}>
      {slow && <ThinBar label={busy ? t('Loading') : t('Asking the kernel')} />}
      {nowhere && <NoNotebook.Title />}
      {large && !nowhere && <LargeBar large={large} />}
      {!large && <VariableField form={form} />}
      {hasCells && !nowhere && <KernelField kernels={kernels} form={form} />}
      {!stops && <ReadField form={form} record={record} />}
      {large && <VariableField form={form} />}
      {hasCells && !nowhere && !stops && <HowField form={form} />}
      {plan && !stops && (
        <CodeLine
          block
          code={broken(plan.code)}
          label={t('The code that loads {id}', { id: dataset.id })}
        />
      )}
      {middle}
      {form.error && !plan && (
        <Note kind="error" title={form.error.title}>
          {form.error.detail}
        </Note>
      )}
      {failure && (
        <Note kind="error" title={failure.title}>
          {failure.detail}
        </Note>
      )}
      <LoadFooter form={form} kernels={kernels} blocked={Boolean(stops)} onClose={onClose} />
    </div>
  );
}
