/** The buttons of a load. */

import { Button, useWords } from '../../base';
import type { IKernels } from '../../host';
import type { Translate } from '../../words';
import type { ILoadForm } from './LoadDialog';

interface ILoadFooterProps {
  form: ILoadForm;
  kernels: IKernels;
  /** The kernel cannot load at all. */
  blocked: boolean;
  onClose: () => void;
}

export function LoadFooter({ form, blocked, onClose }: ILoadFooterProps) {
  const t = useWords();
  return (
    <div className="omicshelf-load-footer">
      <Button look={form.nowhere ? 'plain' : 'cancel'} onClick={onClose}>
        {/* What runs in a kernel already is not stopped by closing this. */}
        {form.begun ? t('Close, and go on loading') : t('Cancel')}
      </Button>
      {!form.nowhere && !blocked && (
        <Button look="primary" type="submit" busy={form.busy} disabled={!form.ready && !form.busy}>
          {verb(t, form)}
        </Button>
      )}
    </div>
  );
}

function verb(t: Translate, form: ILoadForm): string {
  if (form.wish.how === 'insert') {
    return t('Insert');
  }
  if (form.wish.as === 'part') {
    return t('Load the subset');
  }
  if (!form.large) {
    return t('Load');
  }
  switch (form.wish.as) {
    case 'backed':
      return t('Load backed');
    case 'lazy':
      return t('Load lazily');
    default:
      return t('Load it all');
  }
}
