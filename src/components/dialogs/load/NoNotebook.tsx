/** Nothing is open that it could be loaded into: a new notebook, or a kernel that still runs. */

import { Button, Dot, Icon, LinkButton, useWords } from '../../base';
import type { IKernels } from '../../host';
import { statusWord } from './fields';
import type { ILoadForm } from './LoadDialog';

export function NoNotebook({ kernels, form }: { kernels: IKernels; form: ILoadForm }) {
  const t = useWords();
  return (
    <div className="omicshelf-nonotebook">
      <Button look="primary" icon="notebook" type="submit" busy={form.busy}>
        {t('New notebook with this loaded')}
      </Button>
      {kernels.all.length > 0 && (
        <>
          <div className="omicshelf-dim">{t('Or use a kernel that is still running')}</div>
          <ul className="omicshelf-running">
            {kernels.all.map(target => (
              <li key={target.id}>
                <Icon name="notebook" />
                <bdi className="omicshelf-running-title">{target.title}</bdi>
                <span className="omicshelf-dim">
                  {target.kernel}, {statusWord(t, target)}
                </span>
                <LinkButton
                  label={t('Open {title} and load', { title: target.title })}
                  disabled={form.busy}
                  onClick={() => {
                    kernels.choose(target.id);
                    form.submit({ target: target.id });
                  }}
                >
                  {t('Open and load')}
                </LinkButton>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

NoNotebook.Title = function Title() {
  const t = useWords();
  return (
    <div className="omicshelf-nonotebook-title">
      <Dot kind="off" />
      <span className="omicshelf-strong">{t('No notebook is open')}</span>
    </div>
  );
};
