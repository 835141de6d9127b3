/** The fields of a load: the variable's name, the kernel, and what is done with the code. */

import { Dot, type DotKind, Field, LinkButton, Select, TextField, useWords } from '../../base';
import type { IKernels, ITarget } from '../../host';
import type { Translate } from '../../words';
import type { ILoadForm } from './LoadDialog';

export function VariableField({ form }: { form: ILoadForm }) {
  const t = useWords();
  const obstacle = form.plan?.obstacle;
  const taken =
    obstacle?.kind === 'exists' && obstacle.variable === form.variable ? obstacle : null;
  return (
    <Field
      label={t('Variable')}
      error={
        form.variable && !form.nameIsGood
          ? t('A name in Python has letters, digits and _, and no digit first.')
          : undefined
      }
      warning={
        taken && (
          <>
            {t('{name} exists in this kernel ({holds}).', {
              name: taken.variable,
              holds: taken.holds
            })}{' '}
            <LinkButton
              strong
              onClick={() => form.change({ variable: taken.free, overwrite: undefined })}
            >
              {t('Use {name}', { name: taken.free })}
            </LinkButton>{' '}
            {t('or')}{' '}
            <LinkButton onClick={() => form.change({ variable: taken.variable, overwrite: true })}>
              {t('replace it')}
            </LinkButton>
          </>
        )
      }
      hint={form.wish.overwrite ? t('What is in it now is replaced.') : undefined}
    >
      <TextField
        code
        first
        value={form.variable}
        onChange={variable => form.change({ variable, overwrite: undefined })}
      />
    </Field>
  );
}

export function KernelField({ kernels, form }: { kernels: IKernels; form: ILoadForm }) {
  const t = useWords();
  const chosen = form.wish.target ?? kernels.current?.id ?? null;
  const target = kernels.all.find(one => one.id === chosen);
  const options = [
    ...kernels.all.map(one => ({
      value: one.id,
      label: targetName(one),
      hint: statusWord(t, one)
    })),
    { value: 'new', label: t('A new notebook') }
  ];
  return (
    <Field
      label={t('Kernel')}
      warning={
        target?.status === 'busy'
          ? t('It is running something: this goes on when that is done.')
          : undefined
      }
    >
      <Select
        value={chosen}
        options={options}
        onChange={id => form.change({ target: id, as: undefined, overwrite: undefined })}
      />
    </Field>
  );
}

export function HowField({ form }: { form: ILoadForm }) {
  const t = useWords();
  return (
    <Field label={t('Code')}>
      <Select
        value={form.wish.how ?? 'run'}
        options={[
          { value: 'run', label: t('In a new cell, and run it') },
          { value: 'insert', label: t('In a new cell, not run') },
          { value: 'silent', label: t('Run it without a cell') }
        ]}
        onChange={how => form.change({ how })}
      />
    </Field>
  );
}

/** A kernel in a line: `analysis.ipynb · Python 3 (ipykernel)`. */
export function targetName(target: ITarget): string {
  return `${target.title} · ${target.kernel}`;
}

export function targetDot(target: ITarget): DotKind {
  switch (target.status) {
    case 'busy':
    case 'starting':
      return 'running';
    case 'dead':
      return 'error';
    case 'unknown':
      return 'off';
    default:
      return 'on';
  }
}

export function statusWord(t: Translate, target: ITarget): string {
  switch (target.status) {
    case 'busy':
      return t('busy');
    case 'starting':
      return t('starting');
    case 'dead':
      return t('died');
    case 'unknown':
      return t('not connected');
    default:
      return t('idle');
  }
}

/** The dot and the name of a kernel. */
export function Target({ target }: { target: ITarget }) {
  const t = useWords();
  return (
    <span className="omicshelf-target" title={targetName(target)}>
      <Dot kind={targetDot(target)} label={statusWord(t, target)} />
      <span className="omicshelf-target-name">{targetName(target)}</span>
    </span>
  );
}
