/**
 * A page, such as a report.
 *
 * It is in a frame of an origin of its own: whatever it does, it cannot read or do anything here.
 * It fetches nothing, and its scripts run only where somebody wants them to.
 */

import { useMemo, useState } from 'react';
import { Icon, LinkButton, useWords } from '../../../base';
import type { IPreviewProps } from './Content';

const LOOKS = "default-src 'none'; img-src data: blob:; font-src data:; style-src 'unsafe-inline'";
// Reports with charts bring their scripts along, and some of these make code as they run.
const SCRIPTS = `${LOOKS}; media-src data: blob:; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:`;

export function HtmlPreview({ file, data }: IPreviewProps) {
  const t = useWords();
  const [runs, setRuns] = useState(false);
  const page = useMemo(() => guarded(new TextDecoder().decode(data), runs), [data, runs]);
  return (
    <div className="omicshelf-preview-page">
      <iframe
        // A frame that is to run scripts is another one: rights are given when it is made.
        key={String(runs)}
        title={file.file_name}
        className="omicshelf-preview-frame"
        sandbox={runs ? 'allow-scripts' : ''}
        referrerPolicy="no-referrer"
        srcDoc={page}
      />
      <p className="omicshelf-preview-note">
        <Icon name="lock" size="small" />
        <span>
          {runs
            ? t('Shown in a sandbox: its scripts run, the network is off.')
            : t('Shown in a sandbox: scripts and network are off.')}{' '}
          <LinkButton onClick={() => setRuns(!runs)}>
            {runs ? t('Stop its scripts') : t('Run its scripts')}
          </LinkButton>
        </span>
      </p>
    </div>
  );
}

/** The rules stand before anything of the page, so that nothing of it comes before them. */
function guarded(html: string, runs: boolean): string {
  const rules = `<meta http-equiv="Content-Security-Policy" content="${runs ? SCRIPTS : LOOKS}">`;
  return `<!doctype html>${rules}${html}`;
}
