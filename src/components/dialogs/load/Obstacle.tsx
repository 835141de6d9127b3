/** A kernel that cannot load: why, and the way out. */

import { Button, CodeLine, Note, useWords } from '../../base';
import type { IKernels, LoadObstacle } from '../../host';
import type { ILoadForm } from './LoadDialog';

interface IObstacleProps {
  obstacle: LoadObstacle;
  form: ILoadForm;
  kernels: IKernels;
}

export function Obstacle({ obstacle, form, kernels }: IObstacleProps) {
  const t = useWords();
  const name =
    kernels.all.find(target => target.id === form.wish.target)?.title ??
    kernels.current?.title ??
    t('This kernel');
  switch (obstacle.kind) {
    case 'not-installed':
      return (
        <Note
          kind="warning"
          title={t('{name} has no omicshelf', { name })}
          actions={
            <Button look="bordered" busy={form.waiting} onClick={form.again}>
              {t('Look again')}
            </Button>
          }
        >
          {t('Run this in a cell of it, then look again; or choose another kernel.')}
          <CodeLine code={obstacle.install} label={t('The line that installs omicshelf')} />
        </Note>
      );
    case 'language':
      return (
        <Note
          kind="info"
          title={t('{name} runs {language}', { name, language: obstacle.language })}
        >
          {obstacle.code === null ? (
            t('Its data can be loaded in Python: choose another kernel, or a new notebook.')
          ) : (
            <>
              {t('These lines read the data there.')}
              <CodeLine
                block
                code={obstacle.code}
                label={t('The code for {language}', { language: obstacle.language })}
              />
              {kernels.insert && <InsertButton code={obstacle.code} kernels={kernels} />}
            </>
          )}
        </Note>
      );
    case 'dead':
      return (
        <Note
          kind="error"
          title={t('The kernel of {name} has died', { name })}
          actions={
            <Button look="bordered" busy={form.waiting} onClick={form.again}>
              {t('Look again')}
            </Button>
          }
        >
          {t('Restart it from its notebook, or choose another kernel.')}
        </Note>
      );
    default:
      return null;
  }
}

function InsertButton({ code, kernels }: { code: string; kernels: IKernels }) {
  const t = useWords();
  return (
    <Button look="bordered" icon="code" onClick={() => void kernels.insert?.(code)}>
      {t('Insert the code')}
    </Button>
  );
}
